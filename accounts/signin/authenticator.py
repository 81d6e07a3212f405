"""Codes of the owner's authenticator app, instead of codes by text message.

An app can be set up with the web password alone, which must not suffice to create
security passwords. So the app counts only after the same hold as a new phone number,
and the owner is notified when it is set up. Without a phone on file it counts only if
the policy lets owners enter their first number.
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import DateTimeField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import codes, events
from accounts.codes import CodeError, NoApp
from accounts.events import Actor, Kind
from accounts.models import Account, Policy


@dataclass(frozen=True)
class AppCode:
    """Six digits from the authenticator app, as opposed to a text message."""

    digits: str = field(repr=False)


def select_set_up_time() -> Subquery:
    """Return when the app of an account was set up, as a column; NULL without one."""
    devices = TOTPDevice.objects.filter(user=OuterRef("pk"), confirmed=True)
    at = Coalesce("created_at", OuterRef("created_at"), output_field=DateTimeField())
    return Subquery(devices.order_by("pk").values(at=at)[:1])


def find_set_up_time(account: Account) -> datetime | None:
    """Return when the app of the account was set up; None without one."""
    device = _get_devices(account).first()
    return None if device is None else device.created_at or account.created_at


def get_usable_from(
    set_up_at: datetime | None, policy: Policy, *, has_phone: bool
) -> datetime | None:
    """Return the time from which an app counts that was set up then; None if never."""
    if set_up_at is None or not (has_phone or policy.owner_sets_phone):
        return None
    return set_up_at + settings.PHONE_HOLD


@sensitive_variables("code")
def spend_code(
    account: Account, policy: Policy, code: AppCode, *, has_phone: bool, by: Actor
) -> CodeError | None:
    """Spend a code of the app and return None, or return why it was refused.

    Call it inside the transaction that needs the code, like `codes.spend_code`.
    """
    set_up_at = find_set_up_time(account)
    counts_from = get_usable_from(set_up_at, policy, has_phone=has_phone)
    if counts_from is None or timezone.now() < counts_from:
        refusal: CodeError | None = NoApp()
    else:
        refusal = _try_code(account, code.digits)
    if refusal is not None:
        reason = type(refusal).__name__
        events.record(Kind.CODE_REFUSED, account, by=by, reason=reason)
    if isinstance(refusal, codes.WrongCode) and not refusal.tries_left:
        events.record(Kind.CODES_LOCKED, account, by=by)
    return refusal


@sensitive_variables("digits")
def _try_code(account: Account, digits: str) -> CodeError | None:
    """Try the code on the locked device, which accepts no code twice."""
    device = _get_devices(account).select_for_update().first()
    if device is None:
        return NoApp()
    if not _count_tries_left(device):
        return codes.Locked()
    is_allowed, why = device.verify_is_allowed()
    if not is_allowed:
        return codes.TooSoon(why["locked_until"] - timezone.now())
    if device.verify_token(digits):
        return None
    return codes.WrongCode(_count_tries_left(device))


def _get_devices(account: Account) -> QuerySet[TOTPDevice]:
    return TOTPDevice.objects.filter(user=account, confirmed=True)


def _count_tries_left(device: TOTPDevice) -> int:
    count: int = device.throttling_failure_count
    return max(settings.CODE_FAILURES_UNTIL_LOCKED - count, 0)
