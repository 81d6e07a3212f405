"""The mail server's log is read to its end, each line once, whatever happens."""

import os
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from pytest_django import DjangoAssertNumQueries
from time_machine import Traveller

from accounts.models import Account
from clientpasswords.management.commands import follow_logons
from clientpasswords.models import ClientPassword, FollowedLog, Logon, Usage
from clientpasswords.usage import follower, history
from tests import factories
from tests.factories import make_client_password
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

    monkeypatch.setattr(follower, "REPEATS_DELAY", 0)
    reader.poll()

    assert total() == 2


def test_what_repeats_waits_until_it_is_many(
    alice: Account, log: Path, monkeypatch: pytest.MonkeyPatch, follow: Follow
) -> None:
    monkeypatch.setattr(follower, "BATCH_LINES", 2)
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

    monkeypatch.setattr(follower, "REPEATS_DELAY", 0)
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
    monkeypatch.setattr(follower, "BATCH_LINES", 2)
    monkeypatch.setattr(follow_logons, "BATCH_LINES", 2)
    read_before_a_rest = []

    def rest(seconds: float) -> None:
        assert seconds == follow_logons.PAUSE
        read_before_a_rest.append(FollowedLog.objects.get().offset)
        append(log, line())
        if len(read_before_a_rest) == 3:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(time, "sleep", rest)
    monkeypatch.setattr(follower, "REPEATS_DELAY", 0.0)
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
    monkeypatch.setattr(follower, "BATCH_LINES", 2)
    for number in range(5):
        append(log, line(ip=f"192.0.2.{number}"))
    reader = follow(log)

    assert reader.poll() == 2


# --- whatever becomes of its file -----------------------------------------------------


def test_half_a_line_waits_for_its_end(
    alice: Account, log: Path, follow: Follow
) -> None:
    whole = line()
    append(log, whole[:80])
    reader = follow(log)
    catch_up(reader)
    append(log, whole[80:])
    catch_up(reader)

    assert total() == 1


def test_a_rotated_log_is_read_to_its_end_first(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    catch_up(reader)
    log.rename(log.with_suffix(".log.1"))
    append(log.with_suffix(".log.1"), line())
    append(log, line())

    catch_up(reader)

    assert total() == 3


def test_a_rotation_during_a_restart_loses_nothing(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    append(log, line())
    log.rename(log.with_suffix(".log.1"))
    append(log, line())

    catch_up(follow(log))

    assert total() == 3


def test_rotations_while_nobody_reads_lose_nothing(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    old = [log.with_suffix(f".log.{number}") for number in (3, 2, 1)]
    for number, path in enumerate(old):
        append(log, line(second=20 + number))
        log.rename(path)
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    append(log, line(second=30))
    log.with_suffix(".log.4.gz").write_bytes(b"\x1f\x8b")

    catch_up(follow(log))

    assert total() == 5


def test_the_old_file_is_read_until_the_new_one_has_lines(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    catch_up(reader)
    log.rename(log.with_suffix(".log.1"))
    log.touch()
    catch_up(reader)
    append(log.with_suffix(".log.1"), line())  # the server has not reopened it yet
    append(log, line())

    catch_up(reader)

    assert total() == 3


def test_a_truncated_log_is_read_from_its_beginning(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line() + line())
    reader = follow(log)
    catch_up(reader)
    log.write_text(line())

    catch_up(reader)

    assert total() == 3


def test_a_truncated_log_that_has_grown_past_what_was_read_is_noticed(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    reader = follow(log)
    catch_up(reader)
    log.write_text(line(second=20) + line(second=21) + line(second=22))

    catch_up(reader)
    catch_up(follow(log))

    assert total() == 4


def test_another_file_with_the_number_of_a_deleted_one_is_read_from_its_beginning(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    other = log.with_suffix(".new")
    append(other, line(second=20) + line(second=21))
    FollowedLog.objects.update(inode=other.stat().st_ino)
    other.rename(log)

    catch_up(follow(log))

    assert total() == 3


def test_a_log_followed_before_its_first_line_was_noted_is_read_on(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line())
    catch_up(follow(log))
    FollowedLog.objects.update(head="")
    append(log, line())

    catch_up(follow(log))

    assert total() == 2
    assert FollowedLog.objects.get().head


def test_a_missing_log_is_waited_for(alice: Account, log: Path, follow: Follow) -> None:
    reader = follow(log)
    catch_up(reader)
    append(log, line())

    catch_up(reader)

    assert total() == 1


# --- up to when decisions are known ---------------------------------------------------


NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon(clock: Traveller, alice: Account) -> None:
    """The clock stands still, and one mailbox is known."""


def decision(*, hour: int = 11, **more: Any) -> str:
    return line(day=23, hour=hour, minute=59, second=0, **more)


def read_to() -> datetime:
    return FollowedLog.objects.get().read_to


def test_what_was_before_it_was_followed_is_not_known(
    log: Path, follow: Follow
) -> None:
    catch_up(follow(log))

    row = FollowedLog.objects.get()
    assert (row.began_at, row.read_to, row.told_at) == (NOON, NOON, None)


def test_a_log_read_to_its_end_is_known_up_to_some_seconds_ago(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    reader = follow(log)
    append(log, decision())
    clock.shift(HOUR)

    catch_up(reader)

    assert read_to() == NOON + HOUR - 5 * SECOND


def test_a_silent_log_is_believed_for_a_day(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    """It may not be the one that the mail server writes to now."""
    reader = follow(log)
    append(log, decision())
    catch_up(reader)

    clock.shift(20 * HOUR)
    catch_up(reader)
    assert read_to() == NOON + 20 * HOUR - 5 * SECOND

    clock.shift(9 * DAY)
    catch_up(reader)
    assert read_to() == NOON - MINUTE + DAY


def test_a_log_without_a_single_decision_is_not_believed(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    reader = follow(log)
    append(log, "2026-11-23T11:59:00+0000 master: Info: Dovecot starting up\n")
    clock.shift(HOUR)

    catch_up(reader)

    assert read_to() == NOON


def test_one_that_is_away_is_not_believed_either(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    reader = follow(log)
    append(log, decision())
    catch_up(reader)
    reader.close()
    log.unlink()
    clock.shift(HOUR)

    catch_up(reader)

    assert read_to() == NOON


def test_it_is_written_down_while_nothing_happens_but_not_at_each_look(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    reader = follow(log)
    append(log, decision())
    catch_up(reader)
    for _ in range(3):
        clock.shift(40 * SECOND)
        reader.poll()

    assert read_to() == NOON + 2 * 40 * SECOND - 5 * SECOND


def test_a_restart_knows_what_was_known(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    append(log, decision())
    catch_up(follow(log))
    clock.shift(HOUR)

    catch_up(follow(log))

    assert read_to() == NOON + HOUR - 5 * SECOND


def test_a_log_that_is_gone_unread_begins_anew(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    append(log, decision())
    reader = follow(log)
    catch_up(reader)
    reader.close()
    kept = log.with_suffix(".log.9")
    log.rename(kept)
    append(log, decision(hour=12))
    kept.unlink()
    clock.shift(2 * HOUR)

    catch_up(follow(log))

    assert FollowedLog.objects.get().began_at == NOON + 2 * HOUR


def test_a_log_that_was_packed_unread_begins_anew(
    log: Path, follow: Follow, clock: Traveller
) -> None:
    append(log, decision())
    reader = follow(log)
    catch_up(reader)
    reader.close()
    log.rename(log.with_suffix(".log.2"))
    os.utime(log.with_suffix(".log.2"), (1, 1))
    append(log.with_suffix(".log.1.gz"), "…")
    append(log, decision(hour=13))
    clock.shift(2 * HOUR)

    catch_up(follow(log))

    assert FollowedLog.objects.get().began_at == NOON + 2 * HOUR


def test_a_use_that_is_read_of_takes_back_what_was_told(
    alice: Account, log: Path, follow: Follow, clock: Traveller
) -> None:
    row, _secret = make_client_password(alice)
    other, _secret = make_client_password(alice, "Other")
    ClientPassword.objects.update(suspends_at=NOON + DAY)
    append(log, decision(credential=row.pk))
    append(log, decision(credential=other.pk, reason="suspended-unused"))

    catch_up(follow(log))

    assert Usage.objects.get().client_password == row
    left = ClientPassword.objects.filter(suspends_at__isnull=False)
    assert list(left) == [other]
