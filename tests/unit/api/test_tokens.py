"""Tokens: made, shown once, kept as a digest, revoked, and nowhere else."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import IntegrityError
from django.test import Client
from django.views.debug import ExceptionReporter
from time_machine import Traveller

from accounts import redaction
from accounts.models import Account, Domain, SecurityEvent
from provisioning import tokens
from provisioning.models import ApiToken
from tests.factories import PASSWORD, make_domain
from tests.unit.api.conftest import OPERATOR, client_with, make_operator, make_token
from tests.unit.support import at_once, everything_in_the_database

pytestmark = pytest.mark.django_db

ACCOUNTS = "/api/v1/accounts"


def run(command: str, *args: str) -> str:
    out = StringIO()
    call_command(command, *args, stdout=out)
    return out.getvalue().strip()


def test_a_token_is_shown_once_and_is_nowhere_afterwards(firm: Domain) -> None:
    text = run("make_api_token", "sync", "--scopes", "accounts:read")
    secret = text[len("mpt_0123456789ab_") :]

    assert client_with(text).get(ACCOUNTS).status_code == 200
    everything = everything_in_the_database()
    assert text not in everything
    assert secret not in everything
    assert len(ApiToken.objects.get().digest) == 64
    assert text not in run("list_api_tokens")
    with pytest.raises(IntegrityError):
        ApiToken.objects.update(digest=text)


def test_who_made_and_revoked_it_is_recorded(firm: Domain) -> None:
    run(
        "make_api_token",
        "sync",
        "--scopes",
        "accounts:read",
        "--domains",
        "Firm.example",
        "--expires",
        "2099-01-01T00:00Z",
    )
    assert run("revoke_api_token", "sync") == "revoked"
    assert run("revoke_api_token", "sync") == "was already revoked"

    made, revoked = SecurityEvent.objects.order_by("pk")
    assert made.detail == {
        "apitoken": "sync",
        "scopes": "accounts:read",
        "domains": "firm.example",
        "expires": "2099-01-01T00:00:00+00:00",
    }
    assert made.actor.startswith("make_api_token (")
    assert (revoked.kind, revoked.detail["apitoken"]) == ("record-deleted", "sync")


def test_the_list_tells_what_each_may(firm: Domain, clock: Traveller) -> None:
    text = make_token("a", "accounts:read", domains=[firm])
    make_token("b", "policies:read")
    client_with(text).get(ACCOUNTS)
    tokens.revoke("b", OPERATOR)

    assert run("list_api_tokens").splitlines() == [
        (
            "a, in force, accounts:read, firm.example, does not expire,"
            " used 2026-11-23 12:00"
        ),
        "b, ended, policies:read, all domains, does not expire, never used",
    ]


MOMENTS = [
    ("soon", "no date"),
    ("2099-01-01T00:00", "no date"),
    ("9999-12-31T23:59:59-05:00", "year|no such"),
    ("0001-01-01T00:00+09:00", "year|no such"),
    ("2020-01-01T00:00Z", "Choose a time in the future"),
]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--scopes", "accounts:read", "--domains", "nowhere.example"], "none of this"),
        (["--scopes", "policies:write", "--domains", "firm.example"], "policies:write"),
        (["--scopes", "domains:write", "--domains", "firm.example"], "domains:write"),
        *(
            (["--scopes", "accounts:read", "--expires", typed], said)
            for typed, said in MOMENTS
        ),
        (["--scopes", "everything"], "invalid choice"),
    ],
)
def test_a_token_for_nothing_or_too_much_is_not_made(
    firm: Domain, arguments: list[str], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        run("make_api_token", "sync", *arguments)

    assert not ApiToken.objects.exists()


def test_the_name_of_a_revoked_token_is_not_given_again(firm: Domain) -> None:
    make_token("sync")
    tokens.revoke("sync", OPERATOR)

    with pytest.raises(CommandError, match="A token with this name exists or existed"):
        run("make_api_token", "sync", "--scopes", "accounts:read")
    with pytest.raises(CommandError, match="There is no token"):
        run("revoke_api_token", "other")


# --- where it must not be -------------------------------------------------------------


def test_a_token_written_into_a_reason_is_not_kept(program: Client) -> None:
    text = make_token("other")

    assert text not in redaction.redact(f"the new token is {text}.")
    program.put(
        f"{ACCOUNTS}/erin@firm.example",
        json.dumps({"reason": f"with {text}"}),
        content_type="application/json",
    )

    assert text not in everything_in_the_database()


def test_a_token_is_not_in_an_error_report(
    firm: Domain, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text = make_token()
    program = Client(
        raise_request_exception=False, headers={"Authorization": f"Bearer {text}"}
    )

    def broken(*args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(tokens, "record_use", broken)
    response = program.get(ACCOUNTS)

    assert response.status_code == 500
    assert response["Content-Type"] == "application/problem+json"
    assert "Something failed here" in response.json()["detail"]
    (record,) = [each for each in caplog.records if each.exc_info]
    request = record.__dict__["request"]
    assert record.exc_info
    report = ExceptionReporter(request, *record.exc_info)
    assert text not in report.get_traceback_text()
    assert text not in report.get_traceback_html()
    assert text not in caplog.text


def test_nobody_signs_in_by_it(firm: Domain) -> None:
    account = Account.objects.create_superuser("admin@example.com", PASSWORD)
    make_domain("other.example")

    response = client_with(make_token()).get("/admin/")

    assert response.status_code == 302
    assert account.is_active


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\tb", "\0", "a ", "x" * 61])
def test_a_name_can_be_told_from_others_in_the_record(firm: Domain, name: str) -> None:
    with pytest.raises(CommandError, match="visible"):
        run("make_api_token", name, "--scopes", "accounts:read")

    assert not ApiToken.objects.exists()


def test_a_token_is_for_no_domain_that_its_owner_does_not_administer(
    firm: Domain,
) -> None:
    other = make_domain("other.example")
    owner = make_operator("owner@firm.example")
    owner.groups.set(Group.objects.filter(name="Domain administrators"))
    owner.domains_administered.add(firm)
    asked = ["make_api_token", "sync", "--scopes", "accounts:read", "--owner"]

    with pytest.raises(CommandError, match=f"administer {other.name}"):
        run(*asked, str(owner), "--domains", firm.name, other.name)
    run(*asked, str(owner), "--domains", firm.name)

    assert "opens nothing now" not in run("list_api_tokens")
    owner.domains_administered.clear()
    assert "opens nothing now" in run("list_api_tokens")
    owner.groups.clear()
    assert "opens nothing now" in run("list_api_tokens")


# --- made in the same moment ----------------------------------------------------------


def outcome_of_making(name: str) -> str:
    try:
        make_token(name)
    except tokens.TokenRefused as refusal:
        return refusal.field
    return "made"


@pytest.mark.django_db(transaction=True)
def test_of_one_name_one_token_is_made() -> None:
    outcomes = at_once(8, lambda _n: outcome_of_making("sync"))

    assert sorted(outcomes) == ["made", *["name"] * 7]
    assert ApiToken.objects.count() == 1
    assert SecurityEvent.objects.filter(kind="record-created").count() == 1
