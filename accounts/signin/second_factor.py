"""Second factors: an authenticator app, passkeys, and recovery codes.

An account with an app or a passkey needs a second factor to sign in. A passkey verifies
the user each time, so it replaces both steps at once (`accounts.signin.passkeys`).
"""

import secrets

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.hashing.hashers import RecoveryCodeHasher
from accounts.models import Account, Phone, RecoveryCodes

RECOVERY_CODES = 10
# Twenty digits are 66 bits. Digits only, because phones show a numeric keyboard in the
# field that also takes codes of the app.
DIGITS = 20
MAX_PASSKEYS = 20


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


def lock_device_for(account: Account, code: str) -> Device | None:
    """Return the locked device that checks this code; None if there is none.

    Codes shorter than recovery codes belong to the app. Call it inside the transaction
    that checks the code; otherwise two concurrent requests could both spend it.
    """
    device = get_app(account) if len(code) < DIGITS else get_recovery_codes(account)
    if device is None:
        return None
    locked: Device | None = Device.from_persistent_id(
        device.persistent_id, for_verify=True
    )
    return locked


@sensitive_variables()
def make_recovery_codes(account: Account, *, by: Actor) -> list[str]:
    """Replace all recovery codes by ten new ones, and return them in clear.

    Each has twenty digits. Only hashes are stored. The owner is notified.
    """
    codes = [
        f"{secrets.randbelow(10**DIGITS):0{DIGITS}}" for _ in range(RECOVERY_CODES)
    ]
    hasher = RecoveryCodeHasher()
    hashes = [hasher.encode(code, hasher.salt()) for code in codes]
    values = {"name": "recovery", "hashes": hashes, "made_at": timezone.now()}
    with transaction.atomic():
        RecoveryCodes.objects.update_or_create(user=account, defaults=values)
        events.record(Kind.RECOVERY_CODES_MADE, account, by=by)
    return codes


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
        if not is_on(account):
            RecoveryCodes.objects.filter(user=account).delete()
