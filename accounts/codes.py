"""One-time codes by text message: send one, spend it.

A code has six digits. It is valid once, for one purpose in one session, and for
CODE_LIFETIME.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_variables

from accounts import budgets, code_limits, deliveries, events, recipients, sites
from accounts.budgets import Limit
from accounts.events import Actor, Kind
from accounts.models import Account, BasePhone, NewPhone, Phone
from accounts.models.phone import digest_scope
from gateways import sms

# All owners count against these: who reaches one may have asked for no code before.
LIMITS_OF_EVERYBODY = (budgets.CODES_PER_COUNTRY_DAY, budgets.CODES_PER_DAY)


class Purpose(StrEnum):
    """The purpose of a code; the text message names it."""

    ISSUE = "issue a client password"
    SWITCH_OFF = "turn client passwords off"
    REACTIVATE = "keep a client password"
    REPLACE_NUMBER = "change the phone number"
    CONFIRM_NUMBER = "confirm a new phone number"


# The text message for each purpose.
TEXT_MESSAGES = {
    Purpose.ISSUE: gettext_noop(
        "%(code)s is your code for a new security password. "
        "Valid for %(minutes)s minutes. Never tell it to anyone."
    ),
    Purpose.SWITCH_OFF: gettext_noop(
        "%(code)s is your code to turn security passwords off. "
        "Valid for %(minutes)s minutes. Never tell it to anyone."
    ),
    Purpose.REACTIVATE: gettext_noop(
        "%(code)s is your code to keep a security password in use. "
        "Valid for %(minutes)s minutes. Never tell it to anyone."
    ),
    Purpose.REPLACE_NUMBER: gettext_noop(
        "%(code)s is your code to replace this phone number. "
        "Valid for %(minutes)s minutes. Never tell it to anyone."
    ),
    Purpose.CONFIRM_NUMBER: gettext_noop(
        "%(code)s is your code to confirm this phone number. "
        "Valid for %(minutes)s minutes. Never tell it to anyone."
    ),
}


class CodeError(Exception):
    """No code was sent, or the code was not accepted."""


class NoPhone(CodeError):
    """There is no phone on file."""


class Held(CodeError):
    """The number was changed recently and gets no codes until `until`."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__("held")


class Locked(CodeError):
    """Too many failures in a row; an administrator has to unlock codes."""


class NoApp(CodeError):
    """There is no authenticator app, or it does not count yet."""


class TooSoon(CodeError):
    """The next code, or the next try, is allowed after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("too soon")


class TooMany(CodeError):
    """A limit of codes is used up; the next may be asked for after `wait`.

    `is_slowed` if it is not, but codes are sent more slowly.
    """

    def __init__(
        self, wait: timedelta, *, everybody: bool, is_slowed: bool = False
    ) -> None:
        self.wait = wait
        self.everybody = everybody
        self.is_slowed = is_slowed
        super().__init__("too many codes")


class NotSent(CodeError):
    """The text message was not sent; `permanent` if another try cannot help.

    `former_works` if the code sent before can still be typed in.
    """

    def __init__(self, *, permanent: bool, former_works: bool = False) -> None:
        self.permanent = permanent
        self.former_works = former_works
        super().__init__("not sent")


class MayBeLate(CodeError):
    """It is unknown whether the text message was sent; the code is valid.

    `former_works` if the code sent before can still be typed in as well.
    """

    def __init__(self, *, former_works: bool = False) -> None:
        self.former_works = former_works
        super().__init__("may be late")


class NotDelivered(CodeError):
    """The provider took the message and could not deliver it.

    `permanent` if asking again cannot help.
    """

    def __init__(self, *, permanent: bool) -> None:
        self.permanent = permanent
        super().__init__("not delivered")


class NoCode(CodeError):
    """This session has no outstanding code: it asked for none, or used it."""


class Expired(CodeError):
    """The code has expired."""


class WrongCode(CodeError):
    """The code is wrong; with no `tries_left`, the right one no longer works either."""

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__("wrong code")


@dataclass(frozen=True)
class _Sending:
    """A code on its way, and what undoes it if it surely does not leave."""

    phone: BasePhone
    code: str = field(repr=False)
    before: dict[str, Any] = field(repr=False)
    brake: Limit
    limits: list[Limit]
    former_works: bool
    status_url: str

    def undo(self) -> None:
        """Leave everything as it was, but that the failure counts at the brake."""
        self.phone.withdraw_code(self.before)
        budgets.refund(self.limits)


@sensitive_variables("text")
def send_code(account: Account, act: Purpose, *, by: Actor) -> None:
    """Send a new code to the phone on file. The former one dies once this surely left.

    For CONFIRM_NUMBER, that is the new number, otherwise the number on file. It takes
    at most as long as the gateway's time-out. No transaction may be open.

    Raises:
        NoPhone, Held, Locked, TooSoon, TooMany: nothing was sent, nothing changed.
        NotSent: nothing was sent or spent; the former code is as good as before.
        MayBeLate: the provider did not say; both codes hold, and the new cool-down.
    """
    sending = _create_code(account, act, by)
    text = _write_text_message(act, sending.code, account)
    try:
        sms.send(str(sending.phone.number), text, status_url=sending.status_url)
    except sms.NotSent as error:
        sending.undo()
        events.record(Kind.CODE_NOT_SENT, account, by=by, reason=str(error.reason))
        raise NotSent(
            permanent=error.reason.is_permanent, former_works=sending.former_works
        ) from None
    except sms.Unknown as error:
        budgets.refund([sending.brake])
        events.record(Kind.CODE_SENT, account, by=by, reason=str(error.reason))
        raise MayBeLate(former_works=sending.former_works) from None
    budgets.refund([sending.brake])
    sending.phone.drop_former_code()
    events.record(Kind.CODE_SENT, account, by=by)


@sensitive_variables("code")
def spend_code(
    account: Account, act: Purpose, code: str, *, by: Actor
) -> CodeError | None:
    """Spend the code and return None, or return why it was refused.

    Call it inside the transaction that needs the code. It returns the refusal instead
    of raising it, because an exception would roll back the count of failures.
    """
    phone = _lock_phone(account, act)
    refusal = _check_code(phone, code, _get_scope(act, by))
    if refusal is not None:
        events.record(Kind.CODE_REFUSED, account, by=by, reason=type(refusal).__name__)
    if phone is not None and phone.locked and isinstance(refusal, WrongCode):
        events.record(Kind.CODES_LOCKED, account, by=by)
    return refusal


def get_phone_refusal(phone: BasePhone) -> CodeError | None:
    """Return why this phone gets no codes now, for any purpose; None if it does."""
    if isinstance(phone, Phone) and phone.held_until and phone.is_held:
        return Held(phone.held_until)
    return Locked() if phone.locked else None


def has_outstanding_code(phone: BasePhone, act: Purpose, *, by: Actor) -> bool:
    """Return whether this session has an outstanding, unexpired code for `act`."""
    return phone.has_live_code_for(_get_scope(act, by))


def get_delivery_failure(
    account: Account, act: Purpose, *, by: Actor
) -> NotDelivered | None:
    """Why the last code that this session asked for did not arrive, if we know."""
    scope = digest_scope(_get_scope(act, by))
    reason = deliveries.get_failure(account, scope)
    return NotDelivered(permanent=reason.is_permanent) if reason else None


def _lock_phone(account: Account, act: Purpose) -> BasePhone | None:
    """Return the phone that gets codes for this purpose, locked; None without one."""
    if act is Purpose.CONFIRM_NUMBER:
        rows = NewPhone.objects.filter(account=account)
        return rows.select_for_update().first()
    return Phone.objects.filter(account=account).select_for_update().first()


def _check_code(phone: BasePhone | None, code: str, scope: str) -> CodeError | None:
    if phone is None:
        return NoPhone()
    if refusal := _get_try_refusal(phone, scope):
        return refusal
    if phone.try_code(code, scope):
        return None
    return WrongCode(phone.tries_left)


def _get_try_refusal(phone: BasePhone, scope: str) -> CodeError | None:
    """Return why no code can be tried now, or None. Such a try is not counted."""
    if refusal := get_phone_refusal(phone):
        return refusal
    if not phone.has_code_for(scope):
        return NoCode()
    if not phone.has_live_code_for(scope):
        return Expired()
    if wait := phone.get_try_wait():
        return TooSoon(wait)
    return None


@sensitive_variables()
def _create_code(account: Account, act: Purpose, by: Actor) -> _Sending:
    scope = _get_scope(act, by)
    try:
        with transaction.atomic():
            phone = _lock_phone(account, act)
            if phone is None:
                raise NoPhone
            if refusal := get_phone_refusal(phone):
                raise refusal
            if wait := phone.get_send_wait():
                raise TooSoon(wait)
            if (wait := phone.get_try_wait()) >= settings.CODE_LIFETIME:
                raise TooSoon(wait)  # the code would expire before it can be tried
            brake = code_limits.get_brake(account)
            limits = code_limits.get_limits(account, phone, by)
            budgets.spend([brake, *limits])
            before, former_works = phone.codes, phone.has_live_code_for(scope)
            code = phone.set_code(scope)
            status_url = deliveries.expect(account, digest_scope(scope))
            return _Sending(
                phone, code, before, brake, limits, former_works, status_url
            )
    except code_limits.Slowed as error:
        raise TooMany(error.wait, everybody=True, is_slowed=True) from None
    except budgets.Exhausted as error:
        keys = tuple(limit.key for limit in LIMITS_OF_EVERYBODY)
        everybody = error.key.startswith(keys)
        raise TooMany(error.wait, everybody=everybody) from None


def _get_scope(act: Purpose, by: Actor) -> str:
    """Return the scope of a code: its purpose, and a hash of the session key."""
    return f"{act}|{hashlib.sha256(by.session_key.encode()).hexdigest()}"


@sensitive_variables()
def _write_text_message(act: Purpose, code: str, account: Account) -> str:
    """Return the message in the owner's language, with the code bound to our host.

    The last line has the format of WICG's "Origin-bound one-time codes", so that phones
    fill in the code on our pages only.
    """
    site = sites.get_own_site()
    with recipients.write_for(account):
        minutes = settings.CODE_LIFETIME // timedelta(minutes=1)
        text = gettext(TEXT_MESSAGES[act]) % {"code": code, "minutes": minutes}
    return f"{text}\n\n@{site.host} #{code}" if site.host else text
