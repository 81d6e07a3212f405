"""The sign-in with a passkey: what is asked, counted and refused.

What a browser and an authenticator do is in tests/browser/test_passkeys.py.
"""

import json
from typing import Any

from django.test import Client
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from tests.factories import PASSWORD
from tests.unit.accounts.passkeysteps import (
    make_passkey,
    post_json,
    type_code,
)
from tests.unit.support import is_signed_in, sign_in

SIGN_IN_BEGIN, SIGN_IN = "/login/passkey/begin/", "/login/passkey/"


def an_answer(**fields: Any) -> dict[str, Any]:
    response = {
        "clientDataJSON": "e30",
        "authenticatorData": "AA",
        "signature": "AA",
        **fields,
    }
    return {"id": "AA", "rawId": "AA", "type": "public-key", "response": response}


def test_the_challenge_says_nothing_of_any_account(
    client: Client, alice: Account
) -> None:
    make_passkey(alice)

    options = post_json(client, SIGN_IN_BEGIN).json()

    assert options["rpId"] == "testserver"
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")


def test_without_a_challenge_nothing_is_checked(client: Client, db: None) -> None:
    assert post_json(client, SIGN_IN, an_answer()).status_code == 400


def test_a_passkey_that_is_not_ours_is_not_found(client: Client, db: None) -> None:
    post_json(client, SIGN_IN_BEGIN)

    assert post_json(client, SIGN_IN, an_answer()).status_code == 404
    assert SecurityEvent.objects.get().kind == Kind.SIGN_IN_FAILED
    assert post_json(client, SIGN_IN, an_answer()).status_code == 400


def test_nonsense_is_refused(client: Client, db: None) -> None:
    for data in ("[]", "{", json.dumps(an_answer(userHandle="é"))):
        post_json(client, SIGN_IN_BEGIN)
        assert post_json(client, SIGN_IN, data).status_code in {400, 422}


def test_failures_are_counted_by_network(
    client: Client, db: None, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 2
    responses = []
    for _ in range(3):
        post_json(client, SIGN_IN_BEGIN)
        responses.append(post_json(client, SIGN_IN, an_answer()))

    assert [each.status_code for each in responses] == [404, 404, 429]
    assert int(responses[2]["Retry-After"]) > 0


def test_who_has_signed_in_does_not_do_so_again(browser: Client) -> None:
    assert post_json(browser, SIGN_IN_BEGIN).status_code == 403


def test_the_web_password_alone_signs_nobody_in_who_has_a_passkey(
    client: Client, alice: Account
) -> None:
    make_passkey(alice)

    page = sign_in(client, "alice@example.com", PASSWORD)

    assert "Now use your passkey." in page.content.decode()
    assert not is_signed_in(client)
    assert type_code(client, "000000") == 200
    assert type_code(client, "") == 200
    assert not is_signed_in(client)
