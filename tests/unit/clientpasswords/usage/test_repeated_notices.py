"""What goes on for months costs its owner a few mails, not one a day."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core import mail
from pytest_django import Settings

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Notification
from accounts.notify import queue
from accounts.notify.notices import NOTICES, Repeats
from accounts.notify.repetition import DISTANCES
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from tests import factories
from tests.unit.clientpasswords.dovecotlines import guesses, line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import HOME

BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
DAYS, DAY, EVERY = 90, timedelta(days=1), timedelta(minutes=5)
MOST_MAILS = 5
HOME_NETWORK, OFFICE = "192.0.2.7", "198.51.100.7"
# By which protocol and from where a device tries, in turn.
PLACES = {
    "one place": [("imap", HOME_NETWORK)],
    "two networks": [("imap", HOME_NETWORK), ("imap", OFFICE)],
    "protocols": [(each, HOME_NETWORK) for each in ("imap", "smtp", "pop3")],
    "both": [("imap", HOME_NETWORK), ("smtp", OFFICE), ("imap", OFFICE)],
    "privacy addresses": [("imap", f"2001:db8:1:2:{n:x}::1") for n in range(1, 100)],
    "networks without end": [("imap", f"198.18.{n}.7") for n in range(1, 100)],
}
Live = Callable[[Callable[[int], str]], list[int]]


@pytest.fixture
def live(log: Path, follow: Follow) -> Live:
    """Return a function that lets devices try every five minutes of ninety days.

    It returns on which day each mail went.
    """
    reader = follow(log)

    def live(tries: Callable[[int], str]) -> list[int]:
        sent: list[int] = []
        for day in range(DAYS):
            append(log, "".join(_lines_of(day, tries)))
            with time_machine.travel(BEGIN + (day + 1) * DAY, tick=False):
                catch_up(reader)
                while queue.deliver_due():
                    pass
            sent += [day] * (len(mail.outbox) - len(sent))
        return sent

    return live


def _lines_of(day: int, tries: Callable[[int], str]) -> Iterable[str]:
    for number in range(DAY // EVERY):
        at = BEGIN + day * DAY + number * EVERY
        for text in tries(number).splitlines(keepends=True):
            yield f"{at:%Y-%m-%dT%H:%M:%S%z} {text.partition(' ')[2]}"


def make_deleted(owner: Account, label: str = "Old tablet") -> ClientPassword:
    row, _secret = factories.make_client_password(owner, label)
    lifecycle.revoke(ClientPassword.objects.filter(pk=row.pk), by=HOME)
    Notification.objects.all().delete()
    return row


def try_from(row: ClientPassword, places: str) -> Callable[[int], str]:
    lines = [
        line(credential=row.pk, reason="revoked", protocol=protocol, ip=address)
        for protocol, address in PLACES[places]
    ]
    return lambda number: lines[number % len(lines)]


@pytest.mark.parametrize("places", PLACES)
def test_a_deleted_password_in_a_drawer_costs_five_mails_in_ninety_days(
    places: str, alice: Account, live: Live
) -> None:
    sent = live(try_from(make_deleted(alice), places))

    assert 1 <= len(sent) <= MOST_MAILS
    assert sent[0] == 0
    if places == "one place":
        assert sent == [0, 1, 8, 38, 68]
    # The audit log has many more.
    assert alice.security_events.filter(kind=Kind.REVOKED_TRIED).count() >= DAYS // 3


def test_two_devices_cost_as_many_mails_as_one(alice: Account, live: Live) -> None:
    first, second = make_deleted(alice, "Tablet"), make_deleted(alice, "Laptop")
    tablet, laptop = try_from(first, "one place"), try_from(second, "two networks")

    sent = live(lambda number: tablet(number) + laptop(number))

    assert sent[:1] == [0]
    assert len(sent) <= MOST_MAILS
    told = alice.security_events.filter(detail__has_key="notice")
    for row in (first, second):
        assert told.filter(detail__credential=row.pk).exists()


def test_another_device_is_told_at_once(alice: Account, live: Live) -> None:
    first, second = make_deleted(alice, "Tablet"), make_deleted(alice, "Laptop")
    tablet, laptop = try_from(first, "one place"), try_from(second, "one place")
    tries = 0

    def try_both(number: int) -> str:
        nonlocal tries
        tries += 1
        return laptop(number) if tries == 20 * DAY // EVERY else tablet(number)

    assert live(try_both) == [0, 1, 8, 19, 49, 79]


def test_a_silenced_device_costs_none_and_is_still_recorded(
    alice: Account, live: Live
) -> None:
    row = make_deleted(alice)
    lifecycle.silence_notices(row, off=True, by=HOME)

    assert live(try_from(row, "networks without end")) == []
    assert alice.security_events.filter(kind=Kind.REVOKED_TRIED).count() >= DAYS // 3


def test_guesses_every_hour_cost_five_mails_in_ninety_days(
    alice: Account, live: Live, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 10
    text = guesses(12)

    sent = live(lambda number: text if number % 72 == 0 else "")

    assert sent == [0, 1, 8, 38, 68]


@pytest.mark.both_databases
@pytest.mark.parametrize("kind", NOTICES)
def test_each_kind_says_how_it_repeats_and_keeps_to_it(
    kind: Kind, alice: Account
) -> None:
    """Once an hour for ninety days: an act is told each time, the rest rarely."""
    by = Actor("mx1", HOME_NETWORK)
    times = [BEGIN + number * timedelta(hours=6) for number in range(4 * DAYS)]

    for at in times:
        events.record_all([Event(kind, alice, by, at)])

    told = Notification.objects.filter(event__kind=kind).count()
    rarely = NOTICES[kind].repeats is Repeats.AT_DISTANCES
    assert told == (MOST_MAILS if rarely else len(times))


@pytest.mark.both_databases
def test_what_was_silent_for_long_begins_anew(alice: Account) -> None:
    """After the last distance, and some months, the first one counts again."""
    by = Actor("mx1", HOME_NETWORK)
    days = [0, 0.5, 1, 7.5, 8, 38, 300, 300.5, 301]

    for day in days:
        at = BEGIN + timedelta(days=day)
        events.record_all([Event(Kind.GUESSED, alice, by, at)])

    rows = alice.security_events.filter(detail__has_key="notice").order_by("at")
    assert [row.detail["notice"] for row in rows] == [1, 2, 3, 4, 1, 2]
    assert [(row.at - BEGIN).days for row in rows] == [0, 1, 8, 38, 300, 301]


def test_each_distance_is_longer_than_the_one_before() -> None:
    assert list(DISTANCES) == sorted(set(DISTANCES))
