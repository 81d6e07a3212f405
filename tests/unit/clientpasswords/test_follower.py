"""The mail server's log is read to its end, each line once, whatever happens."""

import os
import time
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from clientpasswords import follower, history
from clientpasswords.models import FollowedLog, Logon
from tests import factories
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up, total

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
