"""The figures of each day: counted once a day or more, and right however often."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts import events, retention
from accounts.events import Kind
from accounts.models import Account, Policy
from clientpasswords import rollout
from provisioning import statistics
from provisioning.models import DailyCodes, DailyFigures, DomainFigures
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_logon,
    make_policy,
)
from tests.unit.support import HOME, at_once

pytestmark = pytest.mark.both_databases

TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)


def figures(*names: str) -> list[tuple[Any, ...]]:
    rows = DailyFigures.objects.values_list("domain__name", "day", *names)
    return sorted(rows)


def codes() -> list[tuple[Any, ...]]:
    return sorted(DailyCodes.objects.values_list("domain__name", "day", "count"))


def count_later(clock: Traveller, after: timedelta) -> None:
    clock.shift(after)
    assert statistics.count_now()


@pytest.fixture
def host(clock: Traveller, alice: Account) -> Account:
    """At noon of a Monday; Alice may choose, and the owner that is returned has to."""
    required = make_policy("Required", client_passwords_required=True)
    make_domain("enforced.example", required)
    return make_account("must@enforced.example")


def test_each_domain_has_a_row_a_day_with_the_last_count_of_the_day(
    host: Account, clock: Traveller
) -> None:
    statistics.count_now()
    make_account("new@example.com", client_passwords_on=True)
    count_later(clock, timedelta(hours=6))
    count_later(clock, DAY)

    names = ("active", "off_the_web_password")
    assert figures(*names) == [
        ("enforced.example", TODAY, 1, 1),
        ("enforced.example", TODAY + DAY, 1, 1),
        ("example.com", TODAY, 2, 1),
        ("example.com", TODAY + DAY, 2, 1),
    ]


def test_the_day_is_that_of_the_time_zone(
    host: Account, clock: Traveller, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Singapore"
    with timezone.override("America/New_York"):
        statistics.count_now()
        count_later(clock, timedelta(hours=4))

    assert {day for _domain, day in figures()} == {TODAY, TODAY + DAY}


def test_who_still_uses_the_web_password_is_counted(
    host: Account, alice: Account
) -> None:
    """Not: who turned it off, who has to, who did so long ago, and who has left."""
    at = timezone.now() - timedelta(days=31)
    others: list[tuple[str, datetime, dict[str, Any]]] = [
        ("on", timezone.now(), {"client_passwords_on": True}),
        ("long", at, {}),
        ("left", timezone.now(), {"is_active": False}),
    ]
    for name, since, more in others:
        account = make_account(f"{name}@example.com", **more)
        make_logon(account, last_at=since, first_at=since)
    make_logon(host)
    row, _secret = make_client_password(make_account("app@example.com"))
    make_logon(row.account, client_password=row)
    make_logon(alice)

    statistics.count_now()

    assert [*rollout.filter_by_web_password(Account.objects.all())] == [alice]
    assert [count for *_, count in figures("by_web_password")] == [0, 1]
    assert DomainFigures.objects.get(domain=alice.domain).by_web_password == 1


def test_who_will_need_them_from_a_date_on_is_counted_until_then(
    host: Account, alice: Account, clock: Traveller
) -> None:
    soon = timezone.now() + timedelta(hours=30)
    announced = make_policy("Soon", client_passwords_required=True, required_from=soon)
    make_policy(
        "Only reported",
        client_passwords_required=True,
        required_from=soon,
        report_only=True,
    )
    Account.objects.filter(pk=alice.pk).update(policy=announced)
    make_account("b@example.com", policy=Policy.objects.get(name="Only reported"))
    statistics.count_now()
    count_later(clock, DAY)
    count_later(clock, DAY)

    rows = figures("required_soon", "off_the_web_password")
    assert [row[1:] for row in rows if row[0] == "example.com"] == [
        (TODAY, 1, 0),
        (TODAY + DAY, 1, 0),
        (TODAY + 2 * DAY, 0, 1),
    ]


def test_codes_are_counted_by_the_day_of_utc_whenever_they_are_counted(
    host: Account, alice: Account, clock: Traveller
) -> None:
    """Also those of the last minutes of a day, and of days when nobody counted."""
    events.record(Kind.CODE_SENT, alice, by=HOME)
    events.record(Kind.CODE_NOT_SENT, alice, by=HOME)
    statistics.count_now()
    clock.move_to(datetime(2026, 11, 23, 23, 59, tzinfo=UTC))
    events.record(Kind.CODE_SENT, alice, by=HOME)
    clock.shift(2 * DAY)
    for _ in range(3):
        events.record(Kind.CODE_SENT, host, by=HOME)
    count_later(clock, DAY)
    count_later(clock, DAY)

    assert codes() == [
        ("enforced.example", TODAY + 2 * DAY, 3),
        ("example.com", TODAY, 2),
    ]


def test_two_who_count_at_once_do_not_wait_for_each_other(
    transactional_db: None,
) -> None:
    for number in range(20):
        account = make_account(f"a@d{number}.example")
        events.record(Kind.CODE_SENT, account, by=HOME)

    at_once(4, lambda _number: statistics._count_all_domains())

    assert DailyFigures.objects.count() == DomainFigures.objects.count() == 20
    assert {count for *_, count in codes()} == {1}


def test_days_beyond_their_retention_are_deleted(host: Account, alice: Account) -> None:
    kept = TODAY - timedelta(days=int(retention.DAILY_FIGURES.days))
    for day in (kept - DAY, kept):
        zeros = dict.fromkeys(statistics.DAILY_NAMES, 0)
        DailyFigures.objects.create(domain=alice.domain, day=day, **zeros)
        DailyCodes.objects.create(domain=alice.domain, day=day, count=1)

    call_command("tidy")

    assert [day for _domain, day in figures()] == [kept]
    assert [day for _domain, day, _count in codes()] == [kept]


def test_figures_go_with_their_domain(host: Account, alice: Account) -> None:
    events.record(Kind.CODE_SENT, alice, by=HOME)
    statistics.count_now()
    domain = alice.domain
    alice.delete()

    domain.delete()

    assert {name for name, *_ in [*figures(), *codes()]} == {"enforced.example"}
