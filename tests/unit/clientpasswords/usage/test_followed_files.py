"""A log is read to its end whatever becomes of its file."""

import os
from pathlib import Path

from accounts.models import Account
from clientpasswords.models import FollowedLog
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up, total


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
