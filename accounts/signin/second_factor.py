"""Second factors: an authenticator app, passkeys, and recovery codes.

An account with an app or a passkey needs a second factor to sign in. A passkey verifies
the user each time, so it replaces both steps at once (`accounts.signin.passkeys`).
"""

import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Phone, RecoveryCodes
from accounts.passwordformat import ALPHABET, RECOVERY_GROUP_LENGTH, RECOVERY_LENGTH

RECOVERY_CODES = 10
MAX_PASSKEYS = 20


class ReplacedMeanwhile(Exception):
    """The recovery codes that were to be replaced are replaced already."""


def get_app(account: Account) -> TOTPDevice | None:
    """Return the authenticator app, or None."""
    return TOTPDevice.objects.filter(user=account, confirmed=True).first()


def get_passkeys(account: Account) -> QuerySet[WebAuthnCredential]:
    """Return the passkeys, the most recently used first."""
    rows = WebAuthnCredential.objects.filter(user=account, confirmed=True)
    return rows.order_by(F("last_used_at").desc(nulls_last=True), "-pk")


def get_recovery_codes(account: Account) -> RecoveryCodes | None:
    """Return the recovery codes, or None; all of them may be used up."""
    return RecoveryCodes.objects.filter(user=account).first()


def is_on(account: Account) -> bool:
    """Return whether the account needs a second factor to sign in."""
    return get_app(account) is not None or get_passkeys(account).exists()


def lock_owner(account: Account) -> None:
    """Let no other request change the second factors until the transaction ends.

    Raises:
        SessionOver: the session of who asks was ended meanwhile.
    """
    Account.objects.lock_own(account)


def lock_device_for(account: Account, code: str) -> Device | None:
    """Return the locked device that checks this code; None if there is none.

    Codes shorter than recovery codes belong to the app. Call it inside the transaction
    that checks the code; otherwise two concurrent requests could both spend it.
    """
    is_of_app = len(code) < RECOVERY_LENGTH
    device = get_app(account) if is_of_app else get_recovery_codes(account)
    if device is None:
        return None
    locked: Device | None = Device.from_persistent_id(
        device.persistent_id, for_verify=True
    )
    return locked


@sensitive_variables()
def make_recovery_codes(
    account: Account, *, by: Actor, replaces: RecoveryCodes | None = None
) -> list[str]:
    """Replace all recovery codes by ten new ones, and return them in clear.

    `replaces` are those that there were when new ones were asked for. What another
    request has made since is not replaced: its answer shows codes that stay valid.

    Each has 50 bits. NIST SP 800-63B-4 (3.1.2) requires a limit of tries for fewer than
    64, which django-otp's throttling is, and the hash of a password for fewer than 112.
    Only hashes are stored. The owner is notified.

    Raises:
        ReplacedMeanwhile: the account has others than those; nothing was changed.
        SessionOver: the session of who asks was ended meanwhile.
    """
    codes = [_make_recovery_code() for _ in range(RECOVERY_CODES)]
    hashes = [make_password(code) for code in codes]
    values = {"name": "recovery", "hashes": hashes, "made_at": timezone.now()}
    with transaction.atomic():
        lock_owner(account)
        present = get_recovery_codes(account)
        seen = replaces.hashes if replaces else []
        if present and not {*present.hashes} <= {*seen}:
            raise ReplacedMeanwhile
        RecoveryCodes.objects.update_or_create(user=account, defaults=values)
        events.record(Kind.RECOVERY_CODES_MADE, account, by=by)
    return codes


def group_recovery_code(code: str) -> str:
    """Return the code as it is shown: with a hyphen, which need not be typed."""
    return f"{code[:RECOVERY_GROUP_LENGTH]}-{code[RECOVERY_GROUP_LENGTH:]}"


def record_passkey_added(passkey: WebAuthnCredential, *, by: Actor) -> None:
    """Record the new passkey; notify the owner by mail and by text message."""
    phone = Phone.objects.filter(account=passkey.user).first()
    number = str(phone.number) if phone else ""
    detail = {"passkey": passkey.name}
    event = Event(Kind.PASSKEY_ADDED, passkey.user, by, detail=detail, also_to=number)
    events.record_all([event])


def remove_passkey(passkey: WebAuthnCredential, *, by: Actor) -> None:
    """Delete the passkey, and with the last second factor the recovery codes too.

    The owner is notified. If the passkey is already deleted, nothing happens.
    """
    account = passkey.user
    with transaction.atomic():
        count, _rows = WebAuthnCredential.objects.filter(pk=passkey.pk).delete()
        if not count:
            return
        events.record(Kind.PASSKEY_REMOVED, account, by=by, passkey=passkey.name)
        remove_codes_without_factor(account, by=by)


def turn_off(account: Account, *, by: Actor) -> None:
    """Delete the app, all passkeys and the recovery codes, and notify the owner.

    If another request has done so, nothing happens.
    """
    with transaction.atomic():
        lock_owner(account)
        if not is_on(account):
            return
        TOTPDevice.objects.filter(user=account).delete()
        WebAuthnCredential.objects.filter(user=account).delete()
        events.record(Kind.TWO_STEP_OFF, account, by=by)
        remove_codes_without_factor(account, by=by)


def remove_codes_without_factor(account: Account, *, by: Actor) -> None:
    """Delete the recovery codes of an account that has no second factor any more.

    They stand in for one, and alone they open nothing. Whoever takes a second factor
    away, of any kind, calls this in the same transaction. It is recorded; the notice
    about the factor is enough for the owner.
    """
    if is_on(account) or not RecoveryCodes.objects.filter(user=account).delete()[0]:
        return
    removed = Event(Kind.RECOVERY_CODES_REMOVED, account, by, is_silent=True)
    events.record_all([removed])


@sensitive_variables()
def _make_recovery_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(RECOVERY_LENGTH))
