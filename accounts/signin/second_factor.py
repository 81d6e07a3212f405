"""The second step of the sign-in: an app, passkeys, and codes for when they are lost.

An app or a passkey makes it necessary. A passkey asks for a finger, a face or a number
each time, so it stands for both steps at once (`accounts.signin.passkeys`).
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
# Twenty digits are 66 bits. Digits alone, because a telephone shows the keys for them
# where it asks for the code of an app.
DIGITS = 20
MAX_PASSKEYS = 20


def get_app(account: Account) -> TOTPDevice | None:
    """Return the authenticator app, or None."""
    return TOTPDevice.objects.filter(user=account, confirmed=True).first()


def get_passkeys(account: Account) -> QuerySet[WebAuthnCredential]:
    """Return the passkeys, the last used one first."""
    rows = WebAuthnCredential.objects.filter(user=account, confirmed=True)
    return rows.order_by(F("last_used_at").desc(nulls_last=True), "-pk")


def get_recovery_codes(account: Account) -> RecoveryCodes | None:
    """Return the recovery codes, some of which may be left."""
    return RecoveryCodes.objects.filter(user=account).first()


def is_on(account: Account) -> bool:
    """Whether the web password alone does not sign in."""
    return get_app(account) is not None or get_passkeys(account).exists()


def lock_device_for(account: Account, code: str) -> Device | None:
    """Return what has to check this code, locked: by its length, the app or the paper.

    Call it inside the transaction in which the code is checked, or of two at the same
    moment both would be right.
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
    """Make ten, in the place of all that there were, and return them: only this once.

    Each is twenty digits; only hashes are kept.
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
    """Tell the owner of a new passkey: by mail, and on the telephone."""
    phone = Phone.objects.filter(account=passkey.user).first()
    number = str(phone.number) if phone else ""
    detail = {"passkey": passkey.name}
    event = Event(Kind.PASSKEY_ADDED, passkey.user, by, detail=detail, also_to=number)
    events.record_all([event])


def remove_passkey(passkey: WebAuthnCredential, *, by: Actor) -> None:
    """Take it away; with the last way to prove a second step, the codes go too."""
    account = passkey.user
    with transaction.atomic():
        count, _rows = WebAuthnCredential.objects.filter(pk=passkey.pk).delete()
        if not count:
            return
        events.record(Kind.PASSKEY_REMOVED, account, by=by, passkey=passkey.name)
        if not is_on(account):
            RecoveryCodes.objects.filter(user=account).delete()
