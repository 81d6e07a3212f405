"""Mailboxes over the API: what tests of them share."""

import json
from typing import Any

from django.test import Client

ACCOUNTS = "/api/v1/accounts"
ERIN = f"{ACCOUNTS}/erin@firm.example"
ANY = {"If-Match": "*"}


def send(
    program: Client, method: str, place: str, body: Any, headers: Any = None
) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    return program.generic(
        method, place, text, content_type="application/json", headers=headers
    )
