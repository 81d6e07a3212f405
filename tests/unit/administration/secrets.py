"""A known value in every column that is secret, and how to find parts of them."""

import base64
import hashlib
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.apps import apps
from django.contrib.sessions.models import Session
from django.db import models
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp_webauthn.models import WebAuthnAttestation, WebAuthnUserHandle

from accounts.models import Account, NewPhone, SentCode
from accounts.secretfields import SECRET_COLUMNS
from clientpasswords.models import SetUpLink

# A part of this length tells something.
PART = 6
# These have no rows: what they show is in other columns.
VIEWS = {"accounts.MailLogon", "accounts.MailWebLogon"}


def make_what_else_is_secret(owner: Account, passkey: Any) -> None:
    """What a `World` lacks: a row of each model that has a secret."""
    now = timezone.now()
    more = {"number": "+12025550124", "proposed_at": now, "is_approved": False}
    NewPhone.objects.create(account=owner, session="s", **more)
    SentCode.objects.create(account=owner, digest="d")
    later = now + timedelta(minutes=5)
    SetUpLink.objects.create(
        account=owner, digest="d", attempt=UUID(int=1), expires_at=later
    )
    device = StaticDevice.objects.create(user=owner, name="codes")
    StaticToken.objects.create(device=device, token="t")
    WebAuthnAttestation.objects.create(
        credential=passkey, fmt="none", data=b"", client_data_json=b""
    )
    WebAuthnUserHandle.objects.create(user=owner, handle_hex="00")


def fill_secrets() -> set[str]:
    """Give every secret column of every row a value of its own; return the values.

    But for the sessions, which browsers need as they are.
    """
    values = set()
    for label, names in SECRET_COLUMNS.items():
        model: Any = apps.get_model(label)
        if label in VIEWS or model is Session:
            continue
        rows = list(model.objects.all())
        assert rows, f"make a row of {label} above"
        for row in rows:
            for name in names:
                value = _value(model._meta.get_field(name), f"{label} {name} {row.pk}")
                model.objects.filter(pk=row.pk).update(**{name: value})
                values |= _texts(value)
    return values


def shown_of(values: set[str], page: str) -> set[str]:
    """Return which of the values the page shows, whole or a part of `PART` signs."""
    found = set()
    for value in values:
        parts = {value[i : i + PART] for i in range(len(value) - PART + 1)}
        if any(part in page for part in parts):
            found.add(value)
        if len(value) < PART and re.search(rf"\b{value}\b", page):
            found.add(value)
    return found


def _value(field: Any, seed: str) -> Any:
    text = hashlib.sha256(seed.encode()).hexdigest()
    if isinstance(field, models.BinaryField):
        return bytes.fromhex(text)
    if isinstance(field, models.UUIDField):
        return UUID(text[:32])
    if isinstance(field, models.JSONField):
        return [text, text[::-1]]
    if field.name in {"password", "hash"}:
        prefix = "argon2" if field.name == "password" else ""
        return f"{prefix}$argon2id$v=19$m=8,t=1,p=1${text[:22]}${text[22:]}"
    if field.max_length == len("sele"):
        return f"q{text[:3]}"
    return text[: field.max_length]


def _texts(value: Any) -> set[str]:
    """How a value may be written on a page."""
    if isinstance(value, bytes):
        return {value.hex(), base64.b64encode(value).decode(), str(value)}
    if isinstance(value, list):
        return {str(each) for each in value}
    if isinstance(value, UUID):
        return {str(value), value.hex}
    return set(str(value).rpartition("p=1$")[2].split("$"))
