"""Heartbeats: which workers run, and what is said of those that do not."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from time_machine import Traveller

from accounts import workers
from accounts.models import WORKERS, Heartbeat
from administration.heartbeats import STATES
from tests.signedin import sign_in_verified
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.django_db

FULL = "/healthz?full"
FAILED = {"queue.deliver_due": "OverflowError in queue.py:33"}


def beat(worker: str, node: str = "mx1", **failed: str) -> Heartbeat:
    workers.Pulse(worker, node).beat(failed)
    return Heartbeat.objects.get(worker=worker, node=node)


def test_a_heartbeat_is_written_now_and_then_in_one_query(
    clock: Traveller, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    pulse = workers.Pulse("work_jobs")
    pulse.beat()
    row = Heartbeat.objects.get()
    assert (row.worker, row.node) == ("work_jobs", socket.gethostname())
    assert (row.seen_at, row.failure, row.failed_at) == (timezone.now(), "", None)

    with django_assert_num_queries(0):
        pulse.beat()
    clock.shift(workers.BEAT_INTERVAL)
    pulse._next_beat -= workers.BEAT_INTERVAL  # this clock does not move that one
    with django_assert_num_queries(1):
        pulse.beat()

    row.refresh_from_db()
    assert row.seen_at == timezone.now()


def test_a_failure_is_written_at_once_and_forgotten_after_a_while(
    clock: Traveller,
) -> None:
    pulse = workers.Pulse("send_notifications")
    pulse.beat()
    clock.shift(1)
    pulse.beat(FAILED)
    row = Heartbeat.objects.get()
    assert row.failure == "queue.deliver_due: OverflowError in queue.py:33"
    assert (row.state, row.failed_at) == ("failing", timezone.now())

    clock.shift(timedelta(minutes=11))
    pulse._next_beat = 0
    pulse.beat()
    row.refresh_from_db()
    assert row.state == "running"


@contextmanager
def database_away() -> Iterator[None]:
    def answer(*_args: Any) -> Any:
        raise OperationalError("secret words")

    with connection.execute_wrapper(answer):
        yield


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_stops_no_worker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with database_away():
        workers.Pulse("work_jobs").beat()

    assert "no heartbeat: the database says OperationalError" in caplog.text
    assert "secret words" not in caplog.text


@pytest.mark.parametrize("worker", WORKERS)
def test_whoever_says_nothing_for_too_long_counts_as_not_running(
    clock: Traveller, worker: str
) -> None:
    row = beat(worker)
    clock.shift(WORKERS[worker].silent_after)
    assert row.state == "running"

    clock.shift(1)

    assert row.state == "silent"


def test_a_worker_that_there_is_no_more_counts_as_not_running() -> None:
    assert Heartbeat(worker="gone", node="n", seen_at=timezone.now()).state == "silent"


# --- what is said of them -------------------------------------------------------------


def lines(client: Client) -> list[str]:
    return client.get(FULL).content.decode().splitlines()[2:]


def test_the_health_check_has_a_line_of_each(client: Client, clock: Traveller) -> None:
    beat("deliver_cutoffs")
    beat("follow_logons", "mx1")
    clock.shift(timedelta(minutes=6))
    beat("follow_logons", "mx2")
    workers.Pulse("send_notifications", "mx1").beat(FAILED)

    failure = "queue.deliver_due: OverflowError in queue.py:33"
    assert lines(client) == [
        "silent deliver_cutoffs mx1 2026-11-23T12:00:00+00:00",
        "silent follow_logons mx1 2026-11-23T12:00:00+00:00",
        "running follow_logons mx2 2026-11-23T12:06:00+00:00",
        f"failing send_notifications mx1 2026-11-23T12:06:00+00:00 ({failure})",
        "missing tidy - -",
        "missing work_jobs - -",
    ]


def test_strangers_are_told_nothing_of_them(client: Client) -> None:
    beat("deliver_cutoffs")

    assert client.get("/healthz").content == b"ok\n"
    assert client.get(FULL, REMOTE_ADDR="198.51.100.7").content == b"ok\n"


def section(browser: Client) -> str:
    """Return what the first page of the administration says of services."""
    page = " ".join(browser.get("/admin/").content.decode().split())
    found = re.search(r"<caption>Services</caption>(.*?)</table>", page)
    # Elements in a sentence leave no room behind them.
    inline = re.sub("</?(time|strong)[^>]*>", "", found[1]) if found else ""
    return re.sub("<[^>]*>| +", " ", inline)


def test_the_overview_says_of_each_how_it_is(
    administrator: Client, clock: Traveller
) -> None:
    beat("deliver_cutoffs")
    clock.shift(timedelta(minutes=6))
    beat("work_jobs")
    workers.Pulse("send_notifications", "mx1").beat(FAILED)

    said = section(administrator)

    for text in (
        "mx1: not running since 23 Nov 2026, 12:00 (UTC). Start",
        "Start “manage.py deliver_cutoffs”, or delete the entry",
        "mx1: running, but at",
        "queue.deliver_due: OverflowError in queue.py:33",
        "Never seen running. Start “manage.py follow_logons”",
        "Work off bulk actions",
    ):
        assert text in " ".join(said.split()), said


def test_only_site_operators_are_told(own: World) -> None:
    beat("deliver_cutoffs")
    for role, is_told in (("operator", True), ("domain", False), ("auditor", False)):
        browser = sign_in_verified(make_administrator(role, own.domain))
        assert bool(section(browser)) == is_told


def test_the_list_says_the_same(administrator: Client) -> None:
    beat("deliver_cutoffs")

    page = administrator.get("/admin/accounts/heartbeat/").content.decode()

    assert str(STATES["running"]) in page
    assert set(STATES) == {"missing", "silent", "failing", "running"}


# --- hosts that are gone --------------------------------------------------------------


def test_the_line_of_a_former_host_can_be_deleted(administrator: Client) -> None:
    row = beat("follow_logons", "former")
    page = reverse("admin:accounts_heartbeat_delete", args=[row.pk])

    administrator.post(page, {"post": "yes"})

    assert not Heartbeat.objects.exists()


def test_tidying_deletes_it_some_day_and_leaves_a_heartbeat(clock: Traveller) -> None:
    beat("follow_logons", "former")
    clock.shift(timedelta(days=31))
    beat("follow_logons", "new")

    call_command("tidy")

    found = Heartbeat.objects.values_list("worker", "node")
    assert set(found) == {("follow_logons", "new"), ("tidy", socket.gethostname())}
