"""Several workers, and a worker's life."""

import os
import signal
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, OperationalError, transaction
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.management.commands import deliver_cutoffs
from accounts.models import Account, Cutoff
from accounts.sessions import cutoffs
from gateways import doveadm
from tests import standins
from tests.standins import Handler, StandIn
from tests.unit.support import at_once

ANSWER = standins.doveadm_answers([{"entries": "0"}], [{"result": "gone"}])


@pytest.fixture
def node(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setattr(doveadm, "_CONNECT_SECONDS", 20)
    monkeypatch.setattr(doveadm, "_READ_SECONDS", 20)
    with standins.mail_node(settings, ANSWER) as node:
        yield node


def make_orders(account: Account, node: StandIn, count: int = 1) -> list[int]:
    rows = [
        Cutoff(
            account=account,
            login_mask=f"{account.address}~{number}",
            node=node.url,
            due_at=timezone.now(),
        )
        for number in range(count)
    ]
    return [row.pk for row in Cutoff.objects.bulk_create(rows)]


@pytest.mark.django_db(transaction=True)
def test_many_workers_carry_each_order_out_once(alice: Account, node: StandIn) -> None:
    make_orders(alice, node, 5)

    tried = at_once(6, lambda _n: cutoffs.deliver_due())

    assert sum(tried) == len(node.requests) == 5
    assert set(Cutoff.objects.values_list("kicks", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_an_order_that_another_worker_took_meanwhile_is_left_to_it(
    alice: Account, node: StandIn
) -> None:
    pks = make_orders(alice, node)
    also_tried: list[int] = []

    def meanwhile(handler: Handler) -> None:
        # The other worker saw the order as due before the first took it.
        also_tried.extend(at_once(1, lambda _n: cutoffs._deliver(pks)))
        ANSWER(handler)

    node.behave = meanwhile

    assert cutoffs.deliver_due() == 1

    assert also_tried == [0]
    assert len(node.requests) == 1


def test_what_a_dead_worker_had_taken_is_carried_out_after_its_lease(
    alice: Account, node: StandIn, clock: Traveller
) -> None:
    make_orders(alice, node)
    assert Cutoff.objects.all().claim()

    clock.shift(14)
    assert cutoffs.deliver_due() == 0
    clock.shift(1)
    assert cutoffs.deliver_due() == 1


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_fails_late_does_not_put_off_anothers_work(
    alice: Account, node: StandIn, clock: Traveller
) -> None:
    make_orders(alice, node)
    taken_over: list[bool] = []

    def hang(handler: Handler) -> None:
        clock.shift(15)
        claim = at_once(1, lambda _n: bool(Cutoff.objects.all().claim()))
        taken_over.extend(claim)
        standins.answers(500)(handler)

    node.behave = hang
    cutoffs.deliver_due()

    assert taken_over == [True]
    assert Cutoff.objects.get().failures == 0
    clock.shift(14)
    assert not Cutoff.objects.due().exists()


def test_only_what_was_carried_out_long_ago_is_forgotten(
    alice: Account, node: StandIn, clock: Traveller
) -> None:
    done, still_open = make_orders(alice, node, 2)
    Cutoff.objects.filter(pk=done).update(due_at=None, kicks=3)
    clock.shift(timedelta(days=30))
    assert cutoffs.forget() == 0

    clock.shift(timedelta(seconds=1))
    assert cutoffs.forget() == 1

    assert Cutoff.objects.get().pk == still_open


def test_no_order_ends_before_it_was_carried_out(alice: Account) -> None:
    with (
        pytest.raises(IntegrityError, match="cutoff_ends_only_when_carried_out"),
        transaction.atomic(),
    ):
        Cutoff.objects.create(account=alice, login_mask="m", node="n", due_at=None)


def test_without_mail_servers_there_is_nothing_to_order(
    alice: Account, settings: Settings
) -> None:
    settings.DOVEADM_URLS = []

    cutoffs.end_sessions(alice, "alice@example.com~7")

    assert cutoffs.deliver_due() == 0
    assert cutoffs.count_unconfirmed(alice) == 0


def test_two_nodes_are_two_orders(alice: Account, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://one.example/", "http://two.example/"]

    cutoffs.review_account(alice)

    rows = Cutoff.objects.order_by("node").values_list("node", "is_review")
    assert list(rows) == [("http://one.example/", True), ("http://two.example/", True)]
    assert str(Cutoff.objects.order_by("node")[0]) == (
        "alice@example.com* on http://one.example/"
    )


# --- the command ----------------------------------------------------------------------


def test_once_does_what_is_due_and_says_how_much(alice: Account, node: StandIn) -> None:
    make_orders(alice, node, 3)
    output = StringIO()

    call_command("deliver_cutoffs", "--once", stdout=output)

    assert output.getvalue() == "3 cut-offs tried\n"
    assert len(node.requests) == 3


@pytest.mark.usefixtures("signal_handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_worker_goes_on_until_it_is_told_to_stop(
    db: None, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    rounds: list[int] = []

    def deliver() -> int:
        rounds.append(1)
        if len(rounds) == 3:
            os.kill(os.getpid(), number)
        return 0

    monkeypatch.setattr(deliver_cutoffs, "PAUSE", 0)
    monkeypatch.setattr(cutoffs, "deliver_due", deliver)

    call_command("deliver_cutoffs")

    assert len(rounds) == 3


@pytest.mark.usefixtures("signal_handlers")
@pytest.mark.django_db(transaction=True)
def test_the_worker_outlives_a_database_that_is_away(
    alice: Account, node: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_orders(alice, node)
    real = cutoffs.deliver_due
    steps: list[Callable[[], int]] = [_database_away, _database_away, real]

    def deliver() -> int:
        step = steps.pop(0)
        if not steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return step()

    monkeypatch.setattr(deliver_cutoffs, "PAUSE", 0)
    monkeypatch.setattr(cutoffs, "deliver_due", deliver)

    call_command("deliver_cutoffs")

    assert Cutoff.objects.get().kicks == 1


def _database_away() -> int:
    raise OperationalError("the connection is lost")
