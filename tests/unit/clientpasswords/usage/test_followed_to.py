"""Up to when a mail server's decisions are known."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from time_machine import Traveller

from accounts.models import Account
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from tests.factories import make_client_password
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up

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
