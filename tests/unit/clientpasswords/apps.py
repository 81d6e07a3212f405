"""Authenticator apps that give the codes for security passwords."""

from datetime import timedelta

from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account

# The window that asks for a code.
NEW = "/settings/account-security/security-passwords/new/"


def make_app(account: Account, age: timedelta) -> TOTPDevice:
    """Give the account an app that was set up this long ago."""
    device: TOTPDevice = TOTPDevice.objects.create(user=account, name="default")
    TOTPDevice.objects.filter(pk=device.pk).update(created_at=timezone.now() - age)
    return device
