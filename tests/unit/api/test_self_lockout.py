"""A program shuts out nobody's mail programs on behalf of whom it is."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Account, Cutoff, Policy, SecurityEvent
from provisioning.models import ApiToken
from tests.factories import make_account, make_logon, make_policy
from tests.unit.api.conftest import client_with, make_operator, make_token

ANY = {"If-Match": "*"}
POLICY = "/api/v1/policies/Standard"
DOMAIN = "/api/v1/domains/example.com"


@pytest.fixture
def owner(db: None) -> Account:
    """An administrator whose mail program was let in an hour ago."""
    account = make_operator("admin@example.com")
    make_logon(account)
    return account


@pytest.fixture
def program(owner: Account) -> Client:
    return client_with(make_token(owner=owner))


def send(program: Client, method: str, place: str, body: Any) -> Any:
    text = json.dumps(body)
    act = getattr(program, method)
    return act(place, text, content_type="application/json", headers=ANY)


@pytest.mark.parametrize("method", ["put", "patch"])
@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"third_party_logon": False}, "third_party_logon"),
        ({"imap": False, "max_client_passwords": 3}, "imap"),
        ({"client_passwords_required": True}, "client_passwords_required"),
        ({"client_networks": "203.0.113.0/24"}, "client_networks"),
    ],
)
def test_a_policy_that_would_shut_out_the_tokens_owner_is_refused_at_the_field(
    program: Client, method: str, body: Any, at: str
) -> None:
    before = list(Policy.objects.values())

    refused = send(program, method, POLICY, body)

    assert refused.status_code == 422
    assert refused["Content-Type"] == "application/problem+json"
    said = refused.json()
    assert "the mail programs of admin@example.com" in said["detail"]
    assert [each["pointer"] for each in said["errors"]] == [f"/{at}"]
    assert "They used IMAP lately." in said["errors"][0]["detail"]
    assert list(Policy.objects.values()) == before
    assert not SecurityEvent.objects.filter(kind="policy-changed").exists()
    assert not Cutoff.objects.exists()


def test_what_the_owners_mail_programs_do_not_notice_is_written_and_recorded(
    program: Client,
) -> None:
    done = send(program, "patch", POLICY, {"pop3": False})

    assert done.status_code == 200
    assert not Policy.objects.get(name="Standard").pop3
    event = SecurityEvent.objects.get(kind="policy-changed")
    assert event.detail["changed"] == {"pop3": ["yes", "no"]}


def test_a_policy_that_cannot_be_is_told_as_such(program: Client) -> None:
    refused = send(program, "patch", POLICY, {"imap": False, "max_client_passwords": 0})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/max_client_passwords"


def test_so_is_a_policy_for_the_owners_domain(program: Client, owner: Account) -> None:
    make_policy("Closed", third_party_logon=False)
    make_policy("Open", pop3=False)

    refused = send(program, "put", DOMAIN, {"policy": "Closed"})
    done = send(program, "put", DOMAIN, {"policy": "Open"})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/policy"
    assert done.status_code == 200
    events = SecurityEvent.objects.filter(kind="domain-changed")
    assert events.get().detail["changed"] == {"policy": ["Standard", "Open"]}


def test_a_token_of_nobody_and_another_domain_are_no_concern_of_that(
    program: Client, owner: Account
) -> None:
    make_account("erin@firm.example")
    make_policy("Closed", third_party_logon=False)
    firm = "/api/v1/domains/firm.example"
    assert send(program, "put", firm, {"policy": "Closed"}).status_code == 200

    of_nobody = client_with(make_token("other"))
    assert send(of_nobody, "put", DOMAIN, {"policy": "Closed"}).status_code == 200


def test_an_owner_is_an_administrator_who_is_named_in_the_record(
    owner: Account,
) -> None:
    make_account("erin@example.com")

    def make(name: str, address: str) -> None:
        scopes = ["--scopes", "policies:write"]
        call_command("make_api_token", name, *scopes, "--owner", address)

    for address in ("erin@example.com", "nobody@example.com"):
        with pytest.raises(CommandError):
            make("sync", address)
    assert not ApiToken.objects.exists()
    make("sync", "Admin@example.com")

    assert ApiToken.objects.get().owner == owner
    event = SecurityEvent.objects.get(kind="record-created")
    assert event.detail["owner"] == owner.address
    out = StringIO()
    call_command("list_api_tokens", stdout=out)
    assert "never used, owned by admin@example.com" in out.getvalue()
