"""Several workers, and a worker's life."""

import os
import signal
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import OperationalError
from time_machine import Traveller

from accounts import events
from accounts.events import Kind
from accounts.models import Account, Notification
from accounts.notify import queue
from clientpasswords.management.commands import send_notifications
from gateways.mail import NotSent
from tests.unit.support import HOME, at_once


def happen(account: Account, count: int = 1) -> None:
    for _ in range(count):
        events.record(Kind.ISSUED, account, by=HOME)


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_sends_the_mail(alice: Account, mallory: Account) -> None:
    happen(alice, 3)
    happen(mallory)

    taken = at_once(6, lambda _n: queue.deliver_due())

    assert sum(taken) == len(mail.outbox) == 2
    assert sorted(message.subject for message in mail.outbox) == [
        "A security password was created",
        "A security password was created (3)",
    ]


@pytest.mark.django_db(transaction=True)
def test_what_another_worker_is_sending_is_left_to_it(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(alice)
    also_taken: list[int] = []

    def meanwhile(*_args: str) -> None:
        also_taken.extend(at_once(1, lambda _n: queue.deliver_due()))

    monkeypatch.setattr("gateways.mail.send", meanwhile)

    assert queue.deliver_due() == 1
    assert also_taken == [0]


def test_what_a_dead_worker_had_taken_is_sent_after_its_lease(
    alice: Account, clock: Traveller
) -> None:
    happen(alice)
    assert queue._claim(alice.pk, Kind.ISSUED) is not None

    clock.shift(Notification.LEASE - timedelta(seconds=1))
    assert queue.deliver_due() == 0
    clock.shift(1)
    assert queue.deliver_due() == 1


def test_a_worker_that_comes_back_late_does_not_put_off_anothers_work(
    alice: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    happen(alice)

    def hang(*_args: str) -> None:
        clock.shift(Notification.LEASE)
        assert queue._claim(alice.pk, Kind.ISSUED) is not None
        raise NotSent("TimeoutError")

    monkeypatch.setattr("gateways.mail.send", hang)
    queue.deliver_due()

    assert Notification.objects.get().failures == 0


# --- the command ----------------------------------------------------------------------


def test_once_sends_what_is_due_and_says_how_much(alice: Account) -> None:
    happen(alice)
    output = StringIO()

    call_command("send_notifications", "--once", stdout=output)

    assert output.getvalue() == "1 mails sent\n"


def _database_away() -> int:
    raise OperationalError("the connection is lost")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_outlives_a_database_that_is_away_and_stops_when_told(
    alice: Account, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    happen(alice)
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    real = queue.deliver_due
    steps: list[Callable[[], int]] = [_database_away, _database_away, real]

    def deliver(*_recorders: object) -> int:
        step = steps.pop(0)
        if not steps:
            os.kill(os.getpid(), number)
        return step()

    monkeypatch.setattr(send_notifications, "PAUSE", 0)
    monkeypatch.setattr(queue, "deliver_due", deliver)
    try:
        call_command("send_notifications")
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

    assert len(mail.outbox) == 1
