"""Sign in with Django's test client, as the browser of somebody."""

import time
from typing import Any

from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.middleware import SIGNED_IN_AT
from accounts.models import Account


def sign_in_with_password(account: Account) -> Client:
    """Return a test client that has signed in with the web password only."""
    browser = Client()
    browser.force_login(account)
    return browser


def sign_in_verified(
    account: Account, device: Any = None, *, minutes_ago: int = 0
) -> Client:
    """Return a test client that has signed in with both factors.

    Args:
        account: Whose session it is.
        device: The second factor; None stands for the authenticator app that the
            account has, and for a new one where it has none.
        minutes_ago: How long ago that was.
    """
    if device is None:
        apps = TOTPDevice.objects.filter(user=account)
        device = apps.first() or TOTPDevice.objects.create(user=account, name="default")
    browser = sign_in_with_password(account)
    session = browser.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    if minutes_ago:
        session[SIGNED_IN_AT] = int(time.time()) - 60 * minutes_ago
    session.save()
    return browser
