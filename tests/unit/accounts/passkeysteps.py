"""Steps with passkeys and recovery codes."""

import json
from typing import Any

from django.test import Client
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import Account
from tests.factories import PASSWORD
from tests.unit.support import sign_in

RECOVERY = "/settings/two-step/recovery-codes/"
LOGIN = "/login/"


def make_passkey(account: Account, name: str = "Laptop") -> WebAuthnCredential:
    passkey: WebAuthnCredential = WebAuthnCredential.objects.create(
        user=account,
        name=name,
        credential_id=name.encode(),
        public_key=b"key",
        aaguid="0",
    )
    return passkey


def post_json(browser: Client, address: str, data: Any = None, **extra: Any) -> Any:
    body = data if isinstance(data, str) else json.dumps(data)
    return browser.post(address, body, content_type="application/json", **extra)


def type_code(browser: Client, code: str, field: str = "otp_token") -> int:
    """Sign in with the web password and this code, in this field."""
    sign_in(browser, "alice@example.com", PASSWORD)
    data = {"sign_in_view-current_step": "token", f"token-{field}": code}
    return browser.post(LOGIN, data).status_code
