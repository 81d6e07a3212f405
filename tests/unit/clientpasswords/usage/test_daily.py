"""The logons of a domain are counted by day: each line once, on its own day."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts import retention
from accounts.models import Account, Domain
from clientpasswords.models import ClientPassword, DailyLogons
from clientpasswords.usage import daily, history
from clientpasswords.usage.dovecotlog import Decision
from clientpasswords.usage.summary import Summary
from tests import factories
from tests.unit.clientpasswords.dovecotlines import guesses, line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import at_once

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("signal_handlers")]

MONDAY, TUESDAY = date(2026, 11, 23), date(2026, 11, 24)
FIELDS = ["domain__name", "day", "protocol", "reason", "let_in_by", "count"]


def counted(*fields: str) -> list[tuple[Any, ...]]:
    return sorted(DailyLogons.objects.values_list(*(fields or FIELDS)))


def test_each_result_of_each_domain_and_day_is_a_row(
    phone: ClientPassword, log: Path, follow: Follow
) -> None:
    factories.make_account("zoe@example.org")
    append(log, line(credential=phone.pk) * 3)
    append(log, line(credential=phone.pk, ip="198.51.100.7", day=24))
    append(log, line(webmail=False) + line(webmail=True))
    append(log, guesses(2) + line(reason="revoked", credential=phone.pk))
    append(log, line(name="zoe@example.org", protocol="smtp", webmail=False))
    append(log, line(name="nobody@example.org", reason="wrong-password"))

    catch_up(follow(log))

    assert counted() == [
        ("example.com", MONDAY, "imap", "", "security-password", 3),
        ("example.com", MONDAY, "imap", "", "web-password", 1),
        ("example.com", MONDAY, "imap", "", "webmail", 1),
        ("example.com", MONDAY, "imap", "revoked", "", 1),
        ("example.com", MONDAY, "imap", "wrong-password", "", 2),
        ("example.com", TUESDAY, "imap", "", "security-password", 1),
        ("example.org", MONDAY, "smtp", "", "web-password", 1),
    ]


def test_a_line_read_late_counts_on_its_own_day(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(day=24))
    catch_up(follow(log))
    append(log, line(day=23) + line(day=24))

    catch_up(follow(log))

    assert counted("day", "count") == [(MONDAY, 1), (TUESDAY, 2)]


def test_what_is_written_together_is_of_two_days_at_midnight(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(hour=23, minute=59) * 2 + line(day=24, hour=0, minute=0))

    catch_up(follow(log))

    assert counted("day", "count") == [(MONDAY, 2), (TUESDAY, 1)]


def test_a_day_begins_in_the_time_zone_of_the_server(
    alice: Account, log: Path, follow: Follow, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Singapore"
    append(log, line(hour=15, minute=59) + line(hour=16, minute=0))

    with timezone.override("America/New_York"):  # a reader's has no part in it
        catch_up(follow(log))

    assert counted("day", "count") == [(MONDAY, 1), (TUESDAY, 1)]


def test_a_restart_counts_nothing_again(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    append(log, line())

    catch_up(follow(log))

    assert counted("count") == [(2,)]


def test_two_followers_of_a_log_count_each_line_once(
    alice: Account, log: Path, follow: Follow
) -> None:
    one, two = follow(log), follow(log)
    append(log, line())
    assert (one.poll(), two.poll()) == (1, 1)
    append(log, line(second=11))

    catch_up(one)
    catch_up(two)

    assert counted("count") == [(2,)]


@pytest.mark.parametrize("dies_in", ["add_logons", "after"])
def test_one_that_dies_while_it_writes_has_counted_nothing(
    alice: Account,
    log: Path,
    follow: Follow,
    monkeypatch: pytest.MonkeyPatch,
    dies_in: str,
) -> None:
    append(log, line())
    reader, write = follow(log), history.write

    def die(*args: Any, **_kwargs: Any) -> None:
        raise DatabaseError

    def write_and_die(*args: Any, **kwargs: Any) -> None:
        write(*args, **kwargs)
        raise DatabaseError

    with monkeypatch.context() as patch:
        if dies_in == "add_logons":
            patch.setattr(daily, "add_logons", die)
        else:
            patch.setattr(history, "write", write_and_die)
        with pytest.raises(DatabaseError), transaction.atomic():
            reader.poll()
    assert counted() == []

    catch_up(follow(log))

    assert counted("count") == [(1,)]


@pytest.mark.django_db(transaction=True)
def test_followers_of_several_mail_servers_add_to_the_same_rows() -> None:
    """Each locks mailboxes of its own, and all the rows of the domain."""
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    owners = [factories.make_account(f"owner{number}@example.com") for number in "123"]

    def read(number: int) -> None:
        for _ in range(5):
            summary = Summary()
            for reason in ("", "wrong-password", "revoked", "expired"):
                address = owners[number].address
                summary.add(Decision(at, address, None, "imap", None, reason))
            with transaction.atomic():
                history.write(summary, node=f"mx{number}")

    at_once(3, read)

    assert counted("reason", "count") == [
        ("", 15),
        ("expired", 15),
        ("revoked", 15),
        ("wrong-password", 15),
    ]


def test_days_beyond_their_retention_are_deleted(alice: Account) -> None:
    last = timezone.localdate() - timedelta(days=int(retention.DAILY_LOGONS.days))
    for day in (last - timedelta(days=1), last):
        DailyLogons.objects.create(domain=alice.domain, day=day, count=1)

    call_command("tidy")

    assert counted("day") == [(last,)]


def test_the_counts_of_a_domain_go_with_it(db: None, clock: Traveller) -> None:
    domain = factories.make_domain("gone.example")
    DailyLogons.objects.create(domain=domain, day=MONDAY, count=1)

    Domain.objects.get(pk=domain.pk).delete()

    assert counted() == []
