"""The record of what happened: written once, and fit to be read by others."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.utils import timezone
from phonenumber_field.phonenumber import PhoneNumber

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, SecurityEvent
from accounts.redaction import redact
from clientpasswords import passwords
from tests.factories import make_account
from tests.unit.support import HOME

# On PostgreSQL the right is missing before the trigger could say no.
REFUSED = (IntegrityError, ProgrammingError)
OTHER: dict[str, Any] = {
    "id": 10**6,
    "at": timezone.now() - timedelta(days=1),
    "kind": "revoked",
    "address": "other@example.com",
    "domain": "other.example",
    "actor": "nobody",
    "network_address": "192.0.2.1",
    "detail": {"other": "detail"},
    "reason": "another",
}


@pytest.fixture
def event(alice: Account) -> SecurityEvent:
    events.record_all([Event(Kind.ISSUED, alice, HOME, why="New phone.")])
    return SecurityEvent.objects.get()


@pytest.mark.parametrize(
    "name",
    [field.name for field in SecurityEvent._meta.concrete_fields],
)
def test_the_database_changes_no_column_of_an_event(
    event: SecurityEvent, name: str
) -> None:
    value = OTHER | {"account": make_account("bob@example.com")}

    with pytest.raises(REFUSED), transaction.atomic():
        SecurityEvent.objects.filter(pk=event.pk).update(**{name: value[name]})

    assert SecurityEvent.objects.filter(pk=event.pk, actor=event.actor).exists()


def test_the_database_deletes_no_event(event: SecurityEvent) -> None:
    with pytest.raises(REFUSED), transaction.atomic():
        SecurityEvent.objects.filter(pk=event.pk)._raw_delete("default")

    with pytest.raises(REFUSED), transaction.atomic():
        event.delete()

    assert SecurityEvent.objects.filter(pk=event.pk).exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no rights")
def test_postgresql_lets_even_the_owner_empty_no_events(event: SecurityEvent) -> None:
    table = SecurityEvent._meta.db_table

    for statement in ("TRUNCATE {} CASCADE", "DELETE FROM {}"):
        with (
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement.format(table))


def test_an_event_stays_when_its_mailbox_goes(
    event: SecurityEvent, alice: Account
) -> None:
    alice.delete()

    event.refresh_from_db()
    assert event.account is None
    assert event.address == "alice@example.com"
    assert event.domain == "example.com"


def test_changes_tell_old_and_new_of_what_changed_only() -> None:
    before = {"imap": True, "policy": None, "name": "Al", "groups": ["b", "a"]}
    after = {"imap": False, "policy": "Strict", "name": "Al", "groups": ["a", "b"]}

    assert events.describe_changes(before, after) == {
        "changed": {"imap": ["yes", "no"], "policy": ["", "Strict"]}
    }
    assert events.describe_changes(after, after) == {}


def test_changes_of_secret_fields_tell_neither_old_nor_new() -> None:
    told = events.describe_changes({"password": "old hash"}, {"password": "new hash"})

    assert told == {"changed": {"password": ["•••", "•••"]}}


def test_no_secret_gets_into_the_record(alice: Account) -> None:
    secret = passwords.generate()
    grouped = "ab2d efgh jkmn pqrs"
    number = PhoneNumber.from_string("+12025550123")
    secrets = [secret, grouped, alice.password, str(number), "+1 202 555-0123"]

    for each in secrets:
        events.record_all(
            [
                Event(
                    Kind.MAILBOX_CHANGED,
                    alice,
                    Actor("admin@example.com"),
                    detail={
                        "device": each,
                        **events.describe_changes({"number": ""}, {"number": number}),
                    },
                    why=f"They said {each} to me.",
                )
            ]
        )

    for row in SecurityEvent.objects.all():
        text = f"{row.detail} {row.reason}"
        assert "to me" in text
        for each in secrets:
            assert each not in text


@pytest.mark.parametrize(
    "text",
    [
        "this user gave away the device",
        "Ticket 20261124001, see also #4711 of 2026-11-24 10:00",
        "They left on 2026-11-30; the manager agreed (mail from 198.51.100.7)",
        "My iPhone 15 Pro Max",
    ],
)
def test_what_people_write_otherwise_stays(text: str) -> None:
    assert redact(text) == text
