"""The mail server's log is read to its end, each line once, whatever happens."""

import signal
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from clientpasswords.management.commands import follow_logons
from clientpasswords.models import FollowedLog, Logon
from clientpasswords.usage import follower, history
from tests import factories
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up, total

pytestmark = pytest.mark.usefixtures("signal_handlers")

# How a connection is made to take no writes, and how to take them again.
READ_ONLY = {
    "postgresql": (
        "SET default_transaction_read_only = on",
        "SET default_transaction_read_only = off",
    ),
    "sqlite": ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
}


def test_a_restart_goes_on_where_the_last_one_stopped(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    append(log, line())

    catch_up(follow(log))

    assert total() == 2


def test_two_followers_count_each_line_once(
    alice: Account, log: Path, follow: Follow
) -> None:
    one, two = follow(log), follow(log)
    append(log, line())
    assert one.poll() == 1
    assert two.poll() == 1
    append(log, line(second=11))

    catch_up(one)
    catch_up(two)

    assert total() == 2


def test_a_database_that_is_away_loses_nothing(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)

    def away(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(history, "write", away)
        with pytest.raises(DatabaseError), transaction.atomic():
            reader.poll()
    append(log, line())
    catch_up(reader)

    assert total() == 2


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_writes_for_a_while_loses_nothing(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    say, say_no_more = READ_ONLY[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(say)
    try:
        with pytest.raises(DatabaseError):
            reader.poll()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(say_no_more)
    append(log, line())
    catch_up(reader)

    assert total() == 2


def test_a_client_that_logs_on_every_second_is_not_written_every_second(
    alice: Account,
    log: Path,
    django_assert_num_queries: DjangoAssertNumQueries,
    follow: Follow,
) -> None:
    append(log, line())
    reader = follow(log)
    reader.poll()
    append(log, line(second=11))

    with django_assert_num_queries(0):
        reader.poll()

    reader.flush()
    assert total() == 2


def test_what_repeats_is_written_within_half_a_minute(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    reader.poll()
    append(log, line(second=11))
    reader.poll()
    assert total() == 1

    monkeypatch.setattr(follower, "REPEATS_WAIT", 0)
    reader.poll()

    assert total() == 2


def test_what_repeats_waits_until_it_is_many(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    monkeypatch.setattr(follower, "BATCH", 2)
    both = line() + line(reason="wrong-password")
    append(log, both)
    reader = follow(log)
    reader.poll()
    append(log, both)

    reader.poll()

    assert total() == 4


def test_of_names_that_are_no_mailbox_only_the_place_in_the_log_is_written(
    alice: Account,
    log: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_num_queries: DjangoAssertNumQueries,
    follow: Follow,
) -> None:
    append(log, line(name="nobody@example.com", reason="unknown-account", again=False))
    reader = follow(log)

    with django_assert_num_queries(0):
        reader.poll()

    monkeypatch.setattr(follower, "REPEATS_WAIT", 0)
    reader.poll()
    assert FollowedLog.objects.get().offset == log.stat().st_size


def test_a_first_logon_is_written_at_once(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    reader.poll()
    append(log, line(reason="wrong-password"))

    reader.poll()

    assert Logon.objects.filter(reason="wrong-password").exists()


def test_the_command_reads_what_is_there(alice: Account, log: Path) -> None:
    append(log, line())

    call_command("follow_logons", str(log), "--node", "mx1", "--once")

    assert total() == 1
    assert FollowedLog.objects.get().offset == log.stat().st_size


@pytest.mark.django_db(transaction=True)
def test_told_to_stop_while_the_database_is_away_it_ends_quietly_and_loses_nothing(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, line())

    def away(*_args: object, **_kwargs: object) -> None:
        signal.raise_signal(signal.SIGTERM)
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(history, "write", away)
        call_command("follow_logons", str(log), "--node", "mx1")
    assert total() == 0

    call_command("follow_logons", str(log), "--node", "mx1", "--once")

    assert total() == 1


@pytest.mark.django_db(transaction=True)
def test_once_it_says_that_the_database_is_away(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(log, line())

    def away(*_args: object, **_kwargs: object) -> None:
        raise OperationalError

    monkeypatch.setattr(history, "write", away)

    with pytest.raises(OperationalError):
        call_command("follow_logons", str(log), "--node", "mx1", "--once")


@pytest.mark.django_db(transaction=True)
def test_a_log_that_grows_all_the_time_is_looked_at_now_and_then(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each look costs as much as many lines; only where more are waiting we go on."""
    monkeypatch.setattr(follower, "BATCH", 2)
    monkeypatch.setattr(follow_logons, "BATCH", 2)
    read_before_a_rest = []

    def rest(seconds: float) -> None:
        assert seconds == follow_logons.PAUSE
        read_before_a_rest.append(FollowedLog.objects.get().offset)
        append(log, line())
        if len(read_before_a_rest) == 3:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(time, "sleep", rest)
    monkeypatch.setattr(follower, "REPEATS_WAIT", 0.0)
    append(log, line() * 5)

    call_command("follow_logons", str(log), "--node", "mx1")

    length = len(line())
    assert read_before_a_rest == [5 * length, 6 * length, 7 * length]


def test_the_follower_reads_five_thousand_lines_in_a_second_of_one_core(
    alice: Account, log: Path, follow: Follow
) -> None:
    owners = [
        factories.make_account(f"owner{number}@example.com") for number in range(20)
    ]
    devices = [factories.make_client_password(owner)[0] for owner in owners]
    text = "".join(
        line(name=row.account.address, credential=row.pk, ip=f"192.0.2.{octet}")
        + line(name=row.account.address, reason="wrong-password", again=False)
        for row in devices
        for octet in range(5)
    )
    append(log, text * 50)
    reader = follow(log)
    before = time.process_time()

    catch_up(reader)

    assert total() == 10_000
    assert time.process_time() - before < 2


def test_the_follower_is_bounded_in_memory(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    monkeypatch.setattr(follower, "BATCH", 2)
    for number in range(5):
        append(log, line(ip=f"192.0.2.{number}"))
    reader = follow(log)

    assert reader.poll() == 2
