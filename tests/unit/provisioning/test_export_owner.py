"""Somebody who asks what is known of them gets all of it, and no secret."""

import json
import re
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from accounts import events
from accounts.events import Actor, Kind
from accounts.models import Account, SecurityEvent
from accounts.secretfields import SECRET_COLUMNS
from clientpasswords.models import KnownNetwork, LogonDay
from tests.factories import make_account, make_client_password, make_logon, make_usage

ALICE = "alice@example.com"


def export(address: str) -> dict[str, list[dict[str, Any]]]:
    out = StringIO()
    call_command("export_owner", address, reason="asked for it", stdout=out)
    found: dict[str, list[dict[str, Any]]] = json.loads(out.getvalue())
    return found


@pytest.fixture
def owner(db: None) -> Account:
    account = make_account(ALICE, phone="+12025550123", name="Älice")
    row, _secret = make_client_password(account, "Tablet")
    make_usage(row)
    make_logon(account, client_password=row)
    KnownNetwork.objects.create(
        client_password=row, network="192.0.2.0/24", last_at=row.created_at
    )
    LogonDay.objects.create(
        account=account,
        client_password=row,
        day=row.created_at.date(),
        hours_let_in=1,
        hours_refused=0,
    )
    events.record(Kind.ISSUED, account, by=Actor(ALICE, "192.0.2.7"), device="Tablet")
    other = make_account("bob@example.com")
    make_client_password(other, "Not hers")
    events.record(Kind.ISSUED, other, by=Actor("bob@example.com"), device="Not hers")
    return account


def test_it_has_all_records_of_the_mailbox_and_of_nobody_else(owner: Account) -> None:
    found = export("Alice@Example.com")

    assert {
        "accounts.Account",
        "accounts.Notification",
        "accounts.Phone",
        "accounts.SecurityEvent",
        "clientpasswords.ClientPassword",
        "clientpasswords.KnownNetwork",
        "clientpasswords.Logon",
        "clientpasswords.LogonDay",
        "clientpasswords.Usage",
    } == found.keys()
    assert found["accounts.Account"][0]["name"] == "Älice"
    assert found["accounts.Phone"][0]["number"] == "+12025550123"
    assert len(found["clientpasswords.Logon"]) == 1
    assert found["accounts.SecurityEvent"][0]["network_address"] == "192.0.2.7"
    assert "Not hers" not in json.dumps(found)


def test_it_has_no_secret(owner: Account) -> None:
    found = export(ALICE)

    for label, rows in found.items():
        for row in rows:
            assert not SECRET_COLUMNS.get(label, frozenset()) & row.keys()
    assert "argon2" not in json.dumps(found)


def test_of_a_deleted_mailbox_its_events_are_left(owner: Account) -> None:
    owner.delete()

    assert export(ALICE).keys() == {"accounts.SecurityEvent"}


def test_it_is_recorded_and_of_an_unknown_address_nothing_is(owner: Account) -> None:
    export(ALICE)
    with pytest.raises(CommandError, match="nothing is known"):
        export("nobody@example.com")

    event = SecurityEvent.objects.get(kind=Kind.EXPORTED)
    assert (event.address, event.reason) == (ALICE, "asked for it")
    assert event.actor.startswith("export_owner (")


@pytest.mark.both_databases
def test_the_manuals_statement_takes_from_the_events_who_it_was(
    owner: Account,
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("the statement is for PostgreSQL")
    page = Path(settings.BASE_DIR, "docs", "operations.md").read_text()
    (block,) = re.findall(r"```sql\n(BEGIN;\nSELECT set_config.*?)```", page, re.DOTALL)
    owner.delete()
    others = SecurityEvent.objects.filter(address="bob@example.com").values()
    before = list(others)

    with connection.cursor() as cursor:
        # The events were written in this very transaction.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        # As the database's administrator may; the portal's role may not.
        cursor.execute("GRANT UPDATE ON accounts_securityevent TO CURRENT_USER")
        statements = block.replace("alice@mail.example", ALICE).split(";")
        for statement in statements[1:-2]:
            cursor.execute(statement.replace("%", "%%"))

    assert list(others.all()) == before
    assert not SecurityEvent.objects.filter(Q(address=ALICE) | Q(actor=ALICE)).exists()
    event = SecurityEvent.objects.get(address="erased")
    assert (event.kind, event.actor) == (Kind.ISSUED, "erased")
    assert (event.network_address, event.detail) == (None, {})
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        SecurityEvent.objects.update(reason="another")
