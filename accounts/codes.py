"""One-time codes by text message: send one, spend it.

A code has six digits. It is valid once, for one purpose in one session, and for
CODE_LIFETIME.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext, gettext_noop
from django.views.decorators.debug import sensitive_variables

from accounts import budgets, events, sites
from accounts.events import Actor, Kind
from accounts.models import Account, BasePhone, NewPhone, Phone
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
    """The text message was not sent; `permanent` if another try cannot help."""

    def __init__(self, *, permanent: bool) -> None:
        self.permanent = permanent
        super().__init__("not sent")


class MayBeLate(CodeError):
    """It is unknown whether the text message was sent; the code is valid."""


class NoCode(CodeError):
    """This session has no outstanding code: it asked for none, or used it."""


class Expired(CodeError):
    """The code has expired."""


class WrongCode(CodeError):
    """The code is wrong; with no `tries_left`, the right one no longer works either."""

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__("wrong code")


@sensitive_variables("code", "text")
def send_code(account: Account, act: Purpose, *, by: Actor) -> None:
    """Send a new code to the phone; an earlier code no longer works.

    For CONFIRM_NUMBER, that is the new number, otherwise the number on file. It takes
    at most as long as the gateway's time-out. No transaction may be open.

    Raises:
        NoPhone, Held, Locked, TooSoon, TooMany: nothing was sent, nothing changed.
        NotSent: nothing was sent; another code may be asked for at once.
        MayBeLate: the outcome is unknown; the code and its cool-down count.
    """
    phone, code = _create_code(account, act, by)
    text = _write_text_message(act, code, account)
    try:
        sms.send(str(phone.number), text)
    except sms.NotSent as error:
        _withdraw_code(account, act, phone)
        events.record(Kind.CODE_NOT_SENT, account, by=by, reason=str(error.reason))
        permanent = error.reason in (sms.Reason.BAD_NUMBER, sms.Reason.OPTED_OUT)
        raise NotSent(permanent=permanent) from None
    except sms.Unknown as error:
        events.record(Kind.CODE_SENT, account, by=by, reason=str(error.reason))
        raise MayBeLate from None
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
    return phone.has_code_for(_get_scope(act, by)) and not phone.code_has_expired


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
    if phone.code_has_expired:
        return Expired()
    if wait := phone.get_try_wait():
        return TooSoon(wait)
    return None


@sensitive_variables()
def _create_code(account: Account, act: Purpose, by: Actor) -> tuple[BasePhone, str]:
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
            budgets.spend(_get_limits(account, phone, by))
            return phone, phone.set_code(_get_scope(act, by))
    except budgets.Exhausted as error:
        keys = tuple(limit.key for limit in LIMITS_OF_EVERYBODY)
        everybody = error.key.startswith(keys)
        raise TooMany(error.wait, everybody=everybody) from None


def _get_scope(act: Purpose, by: Actor) -> str:
    """Return the scope of a code: its purpose, and a hash of the session key."""
    return f"{act}|{hashlib.sha256(by.session_key.encode()).hexdigest()}"


def _withdraw_code(account: Account, act: Purpose, phone: BasePhone) -> None:
    """Delete the code that was not sent, unless a newer one has replaced it."""
    with transaction.atomic():
        row = _lock_phone(account, act)
        if row is not None and row.digest == phone.digest:
            row.drop_code()


def _get_limits(account: Account, phone: BasePhone, by: Actor) -> list[budgets.Limit]:
    number = hashlib.sha256(f"{settings.SECRET_KEY}{phone.number}".encode()).hexdigest()
    network = budgets.network_of(by.network_address)
    return [
        budgets.CODES_PER_ACCOUNT_HOUR.get_limit(account.pk),
        budgets.CODES_PER_ACCOUNT_DAY.get_limit(account.pk),
        budgets.CODES_PER_NUMBER_DAY.get_limit(number[:32]),
        budgets.CODES_PER_NETWORK_HOUR.get_limit(network),
        budgets.CODES_PER_COUNTRY_DAY.get_limit(phone.number.country_code),
        budgets.CODES_PER_DAY.get_limit(),
    ]


@sensitive_variables()
def _write_text_message(act: Purpose, code: str, account: Account) -> str:
    """Return the message in the owner's language, with the code bound to our host.

    The last line has the format of WICG's "Origin-bound one-time codes", so that phones
    fill in the code on our pages only.
    """
    site = sites.get_own_site()
    with translation.override(account.language or settings.LANGUAGE_CODE):
        minutes = settings.CODE_LIFETIME // timedelta(minutes=1)
        text = gettext(TEXT_MESSAGES[act]) % {"code": code, "minutes": minutes}
    return f"{text}\n\n@{site.host} #{code}" if site.host else text
