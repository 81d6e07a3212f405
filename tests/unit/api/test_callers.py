"""Programs that call: who is let in, to what, and how often."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, Domain
from provisioning import tokens
from provisioning.models import ApiToken
from provisioning.tokens import Terms
from tests.factories import make_account
from tests.unit.api.conftest import OPERATOR, client_with, make_token

pytestmark = pytest.mark.django_db

ACCOUNTS = "/api/v1/accounts"


def changed(text: str) -> str:
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def test_only_the_very_token_lets_in(firm: Domain) -> None:
    text = make_token()
    key = text.split("_")[1]
    no_row = text.replace(key, "0" * 12)
    wrong: list[dict[str, str]] = [
        {},
        *(
            {"Authorization": value}
            for value in (
                "Bearer",
                "Bearer ",
                f"Basic {text}",
                text,
                f"Bearer {text}x",
                f"Bearer {changed(text)}",
                f"Bearer {no_row}",
                "Bearer mpt_\xe9",
            )
        ),
    ]

    for headers in wrong:
        response = Client(headers=headers).get(ACCOUNTS)
        assert response.status_code == 401
        assert response["Content-Type"] == "application/problem+json"
        assert response["WWW-Authenticate"] == "Bearer"
    assert Client().get(f"{ACCOUNTS}?token={text}").status_code == 401


def test_a_revoked_or_expired_token_opens_nothing(
    firm: Domain, clock: Traveller
) -> None:
    revoked = client_with(make_token("a"))
    terms = Terms(expires_at=timezone.now() + timedelta(hours=1))
    ends = client_with(tokens.make("b", ["accounts:read"], terms, OPERATOR).text)
    assert revoked.get(ACCOUNTS).status_code == ends.get(ACCOUNTS).status_code == 200

    tokens.revoke("a", OPERATOR)
    clock.shift(timedelta(hours=1))

    assert revoked.get(ACCOUNTS).status_code == ends.get(ACCOUNTS).status_code == 401


def test_a_session_opens_nothing_here(administrator: Client, firm: Domain) -> None:
    text = make_token("a", "policies:read")

    assert administrator.get(ACCOUNTS).status_code == 401
    response = administrator.get(ACCOUNTS, headers={"Authorization": f"Bearer {text}"})
    assert response.status_code == 403
    assert not response.cookies


def test_no_form_token_is_needed_as_no_cookie_counts(firm: Domain) -> None:
    program = Client(
        enforce_csrf_checks=True,
        headers={"Authorization": f"Bearer {make_token()}"},
    )

    response = program.put(
        f"{ACCOUNTS}/erin@firm.example", "{}", content_type="application/json"
    )

    assert response.status_code == 201


def test_each_operation_needs_its_own_scope(firm: Domain) -> None:
    erin = make_account("erin@firm.example")
    left = make_account("left@firm.example")
    one = f"{ACCOUNTS}/{erin.address}"
    needed = {
        ("get", ACCOUNTS): "accounts:read",
        ("get", one): "accounts:read",
        ("put", one): "accounts:write",
        ("patch", one): "accounts:write",
        ("post", f"{one}/off-board"): "accounts:write",
        ("delete", f"{ACCOUNTS}/{left.address}"): "accounts:delete",
        ("get", f"{one}/client-passwords"): "passwords:read",
        ("delete", f"{one}/client-passwords"): "passwords:revoke",
        ("delete", f"{one}/client-passwords/1"): "passwords:revoke",
        ("get", "/api/v1/domains"): "domains:read",
        ("get", "/api/v1/domains/firm.example"): "domains:read",
        ("put", "/api/v1/domains/firm.example"): "domains:write",
        ("get", "/api/v1/policies"): "policies:read",
        ("get", "/api/v1/policies/Standard"): "policies:read",
        ("put", "/api/v1/policies/Standard"): "policies:write",
        ("patch", "/api/v1/policies/Standard"): "policies:write",
    }
    programs = {
        scope: client_with(make_token(scope, scope)) for scope in ApiToken.Scope.values
    }
    schema = Client().get("/api/v1/openapi.json").json()
    assert len(needed) == sum(len(each) for each in schema["paths"].values())

    for (method, place), scope in needed.items():
        for held, program in programs.items():
            response = program.generic(
                method.upper(), place, "{}", content_type="application/json"
            )
            is_refused = response.status_code == 403
            assert is_refused == (held != scope), (method, place, held)
    erin.refresh_from_db()
    assert not erin.is_active  # the right scope did off-board
    assert not Account.objects.filter(pk=left.pk).exists()


# --- how often ------------------------------------------------------------------------


def test_a_token_is_good_for_so_many_requests_a_minute(
    firm: Domain, settings: Any, clock: Traveller
) -> None:
    settings.API_REQUESTS_PER_MINUTE = 2
    one, other = client_with(make_token("a")), client_with(make_token("b"))

    answers = [one.get(ACCOUNTS) for _ in range(3)]

    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2]["Retry-After"] == "61"
    assert answers[2].json()["detail"] == "Too many requests: go on in 61 seconds."
    assert other.get(ACCOUNTS).status_code == 200
    clock.shift(timedelta(minutes=1))
    assert one.get(ACCOUNTS).status_code == 200


def test_who_is_refused_too_often_waits_and_nobody_else(
    firm: Domain, settings: Any, clock: Traveller
) -> None:
    settings.API_REFUSALS_PER_NETWORK_MINUTE = 2
    right = client_with(make_token())

    codes = [Client().get(ACCOUNTS).status_code for _ in range(3)]

    assert codes == [401, 401, 429]
    assert right.get(ACCOUNTS).status_code == 200
    assert Client(REMOTE_ADDR="203.0.113.9").get(ACCOUNTS).status_code == 401
