"""Change of the phone number on file, and entry of the first one.

Whoever has the number gets the codes. So a change requires a code sent to the number on
file and a code sent to the new number, in one browser session. Afterwards the new
number gets no codes for the time PHONE_HOLD, and the old number is notified. An
administrator enters the first number; if the policy allows it, the owner can enter it
and confirm it with a code.
"""

import hashlib
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from phonenumber_field.phonenumber import PhoneNumber

from accounts import codes, events
from accounts.codes import Purpose
from accounts.events import Actor, Event, Kind
from accounts.models import Account, NewPhone, Phone
from accounts.policy import effective

PROPOSAL_LIFETIME = timedelta(minutes=15)


class ChangeRefused(Exception):
    """The number is not put on file."""


class NotAllowed(ChangeRefused):
    """Only an administrator may enter the first number."""


class SameNumber(ChangeRefused):
    """This number is already on file."""


class StartAgain(ChangeRefused):
    """This session has no pending change, or that is too old or no longer allowed."""


def get_change_refusal(account: Account) -> ChangeRefused | codes.CodeError | None:
    """Return why the owner cannot change the number now; None if they can."""
    phone = _get_phone(account)
    if phone is not None:
        return codes.get_phone_refusal(phone)
    if not effective.load_effective_policy(account).policy.owner_sets_phone:
        return NotAllowed()
    return None


def propose_number(account: Account, number: PhoneNumber, *, by: Actor) -> None:
    """Begin to put this number on file; it replaces a pending change.

    Call it only after the web password was checked.

    Raises:
        ChangeRefused, codes.CodeError, SessionOver: nothing was changed.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(account)
        if refusal := get_change_refusal(owner):
            raise refusal
        phone = _get_phone(owner)
        if phone is not None and phone.number == number:
            raise SameNumber
        NewPhone.objects.update_or_create(
            account=owner,
            defaults={
                "number": str(number),
                "replaces": str(phone.number) if phone else "",
                "session": _digest_session(by),
                "proposed_at": timezone.now(),
                "is_approved": phone is None,
                "digest": "",
                "former_digest": "",
            },
        )


def has_locked_codes() -> Q:
    """Return a condition for accounts: `Phone.locked` holds for their phone."""
    most = settings.CODE_FAILURES_UNTIL_LOCKED
    return Q(phone__throttling_failure_count__gte=most)


def get_pending_change(account: Account, *, by: Actor) -> NewPhone | None:
    """Return the pending change of this session; None if it may not continue."""
    new = NewPhone.objects.filter(account=account, session=_digest_session(by)).first()
    phone = _get_phone(account)
    if (
        new is None
        or timezone.now() - new.proposed_at > PROPOSAL_LIFETIME
        or new.replaces != (phone.number if phone else "")
        or get_change_refusal(account) is not None
    ):
        return None
    return new


def get_due_purpose(new: NewPhone) -> Purpose:
    """Return the purpose of the code that has to be entered next."""
    return Purpose.CONFIRM_NUMBER if new.is_approved else Purpose.REPLACE_NUMBER


def send_code(account: Account, *, by: Actor) -> None:
    """Send the code that is due: to the number on file, then to the new one.

    Raises:
        StartAgain: nothing was sent.
        codes.CodeError: see `codes.send_code`.
    """
    new = get_pending_change(account, by=by)
    if new is None:
        raise StartAgain
    codes.send_code(account, get_due_purpose(new), by=by)


@sensitive_variables("code")
def confirm_code(account: Account, code: str, *, by: Actor) -> bool:
    """Spend the code that is due; return whether the new number is on file now.

    Raises:
        StartAgain, SessionOver: the code was not checked.
        codes.CodeError: the code was refused; a wrong one is counted.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(account)
        new = get_pending_change(owner, by=by)
        if new is None:
            raise StartAgain
        is_last = new.is_approved
        refusal = codes.spend_code(owner, get_due_purpose(new), code, by=by)
        if refusal is None and is_last:
            _put_on_file(owner, new, by)
        elif refusal is None:
            NewPhone.objects.filter(pk=new.pk).update(is_approved=True)
    if refusal is not None:  # raised inside, it would roll back the count of failures
        raise refusal
    return is_last


def record_change(
    account: Account, old: Phone | None, new: Phone | None, *, by: Actor, why: str = ""
) -> None:
    """Record that `new` is on file, and notify the owner by mail and the old number.

    Without `old`, it is the first number; without `new`, the number was removed.
    """
    events.record_all([build_change_event(account, old, new, by=by, why=why)])


def build_change_event(
    account: Account, old: Phone | None, new: Phone | None, *, by: Actor, why: str = ""
) -> Event:
    """Return the event that `record_change` records."""
    return Event(
        Kind.PHONE_CHANGED,
        account,
        by,
        detail={"old": old.masked if old else "", "new": new.masked if new else ""},
        also_to=str(old.number) if old else "",
        why=why,
    )


def _put_on_file(owner: Account, new: NewPhone, by: Actor) -> None:
    old = _get_phone(owner)
    held_until = timezone.now() + settings.PHONE_HOLD if old else None
    phone, _created = Phone.objects.update_or_create(
        account=owner,
        defaults={
            "number": new.number,
            "held_until": held_until,
            "digest": "",
            "former_digest": "",
        },
    )
    new.delete()
    record_change(owner, old, phone, by=by)


def _get_phone(account: Account) -> Phone | None:
    return Phone.objects.filter(account=account).first()


def _digest_session(by: Actor) -> str:
    return hashlib.sha256(by.session_key.encode()).hexdigest()
