"""Mailboxes over the API: what is refused, and hidden, and how that is said."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Domain, SecurityEvent
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_policy,
)
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ACCOUNTS, ANY, ERIN, send

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"language": "fr"}, "/language"),
        ({"phone": "12"}, "/phone"),
        ({"phone": "+49 30 1234567"}, "/phone"),
        ({"phone": "+1 202 555 0123 ext. 9"}, "/phone"),
        ({"policy": "Nope"}, "/policy"),
        ({"policy": "Theirs"}, "/policy"),
        ({"department": "Nope"}, "/department"),
        ({"policy_until": "2099-01-01T00:00:00Z"}, "/policy_until"),
        ({"policy_until": "2099-01-01T00:00:00"}, "/policy_until"),
        ({"policy_until": "2099-01-01"}, "/policy_until"),
        ({"policy_until": 4070908800}, "/policy_until"),
        ({"policy_until": "0001-01-01T00:00:00+01:00"}, "/policy_until"),
        ({"policy_until": "9999-12-31T23:59:59-01:00"}, "/policy_until"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": None}, "/name"),
        ({"active": "perhaps"}, "/active"),
        ({"password": "{PLAIN}sesame"}, "/password"),
        ({"is_staff": True}, "/is_staff"),
        ({"reason": "x" * 301}, "/reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_nothing_changes(
    program: Client, erin: Account, body: Any, pointer: str
) -> None:
    make_policy("Theirs", domain=make_domain("other.example"))
    before = list(Account.objects.values())

    response = send(program, "PATCH", ERIN, {"language": "de", **body}, ANY)

    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    assert problem["detail"].endswith("Nothing was changed.")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]
    assert "sesame" not in response.content.decode()
    assert list(Account.objects.values()) == before
    assert not SecurityEvent.objects.filter(kind="mailbox-changed").exists()


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"', '{"name": "\ud800"}'])
def test_what_is_no_json_object_is_refused(
    program: Client, erin: Account, body: str
) -> None:
    sent = body.encode(errors="surrogatepass")

    response = program.generic(
        "PATCH", ERIN, sent, content_type="application/json", headers=ANY
    )

    assert response.status_code in {400, 422}
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["erin", "e*n@firm.example", "e~1@firm.example"])
def test_what_is_no_address_is_made_by_nobody(program: Client, name: str) -> None:
    response = send(program, "PUT", f"{ACCOUNTS}/{name}", {})

    assert response.status_code in {404, 422}
    assert not Account.objects.exists()


def test_an_administrators_mailbox_is_none_of_a_programs_business(
    program: Client, firm: Domain
) -> None:
    admin = make_account("admin@firm.example", is_staff=True)
    make_client_password(admin)
    place = f"{ACCOUNTS}/{admin.address}"

    answers = [
        send(program, "PATCH", place, {"phone": "+12025550199"}, ANY),
        send(program, "PUT", place, {"active": False}, ANY),
        send(program, "POST", f"{place}/off-board", {}),
        program.delete(f"{place}/client-passwords"),
        program.delete(f"{place}/client-passwords/1"),
    ]

    assert {each.status_code for each in answers} == {403}
    assert Account.objects.get().is_active
    assert admin.client_passwords.live().exists()


def test_a_token_of_some_domains_sees_no_others(
    branch: Client, program: Client, erin: Account
) -> None:
    other = make_account("olga@other.example")
    row, _secret = make_client_password(other)
    place = f"{ACCOUNTS}/{other.address}"

    listed = branch.get(ACCOUNTS).json()["items"]
    answers = [
        branch.get(place),
        send(branch, "PUT", place, {}, ANY),
        send(branch, "PUT", f"{ACCOUNTS}/new@other.example", {}),
        send(branch, "PATCH", place, {}, ANY),
        send(branch, "POST", f"{place}/off-board", {}),
        branch.get(f"{place}/client-passwords"),
        branch.delete(f"{place}/client-passwords"),
        branch.delete(f"{place}/client-passwords/{row.pk}"),
        branch.delete(f"{ERIN}/client-passwords/{row.pk}"),
        branch.get("/api/v1/domains/other.example"),
    ]

    assert [each["address"] for each in listed] == [erin.address]
    assert branch.get(f"{ACCOUNTS}?domain=other.example").json()["items"] == []
    assert {each.status_code for each in answers} == {404}
    unknown = send(branch, "PUT", f"{ACCOUNTS}/new@nowhere.example", {})
    assert unknown.json() == answers[2].json()
    assert other.client_passwords.live().exists()
    assert Account.objects.count() == 2
    assert program.get(place).status_code == 200


def test_a_token_whose_domains_are_gone_sees_nothing(firm: Domain) -> None:
    gone = Domain.objects.create(name="gone.example", policy=firm.policy)
    make_account("erin@firm.example")
    left = client_with(make_token("left", domains=[gone]))
    gone.delete()

    assert left.get(ACCOUNTS).json()["items"] == []
    assert left.get(ERIN).status_code == 404


@pytest.mark.parametrize(
    ("method", "place", "status"),
    [
        ("GET", "/api/v1/nowhere", 404),
        ("GET", "/api/", 404),
        ("GET", "/api/v1/", 404),
        ("POST", ACCOUNTS, 405),
        ("DELETE", ERIN, 405),
        ("GET", f"{ACCOUNTS}/a%00b", 404),
        ("GET", f"{ACCOUNTS}?after=%00", 422),
    ],
)
def test_refusals_of_every_kind_are_problems(
    program: Client, method: str, place: str, status: int
) -> None:
    response = program.generic(method, place)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]
