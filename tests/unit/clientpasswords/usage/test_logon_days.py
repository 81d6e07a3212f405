"""In which hours of each day programs were let in and refused, for the strip."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from time_machine import Traveller

from accounts.models import Account
from clientpasswords.models import ClientPassword, LogonDay
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up

pytestmark = pytest.mark.both_databases

DAY = date(2026, 11, 23)
Row = tuple[int | None, date, set[int], set[int]]


def hours(bits: int) -> set[int]:
    return {hour for hour in range(32) if bits >> hour & 1}


def rows() -> list[Row]:
    """Return password, day, and the hours with and without success, in order."""
    found = LogonDay.objects.order_by("day", "client_password")
    return [
        (
            row.client_password_id,
            row.day,
            hours(row.hours_let_in),
            hours(row.hours_refused),
        )
        for row in found
    ]


def test_each_password_has_a_row_a_day_with_its_hours(
    log: Path, follow: Follow, phone: ClientPassword
) -> None:
    append(log, line(credential=phone.pk, hour=0))
    append(log, line(credential=phone.pk, hour=23))
    append(log, line(credential=phone.pk, reason="expired", hour=5))
    append(log, line(credential=phone.pk, day=24, hour=0))

    catch_up(follow(log))

    assert rows() == [
        (phone.pk, DAY, {0, 23}, {5}),
        (phone.pk, DAY + timedelta(days=1), {0}, set()),
    ]


def test_what_comes_later_adds_its_hours(
    log: Path, follow: Follow, phone: ClientPassword
) -> None:
    for hour in (3, 4, 3):
        append(log, line(credential=phone.pk, hour=hour))
        catch_up(follow(log))

    assert rows() == [(phone.pk, DAY, {3, 4}, set())]


def test_one_row_is_of_the_logons_without_a_security_password(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(hour=1, webmail=False))
    append(log, line(hour=2, webmail=True))  # no mail program
    append(log, line(hour=3, reason="wrong-password"))
    append(log, line(hour=4, credential=99_999))  # a password that is gone

    catch_up(follow(log))

    assert rows() == [(None, DAY, {1, 4}, {3})]


def test_the_webmail_and_addresses_of_no_mailbox_leave_nothing(
    alice: Account, log: Path, follow: Follow
) -> None:
    append(log, line(webmail=True))
    append(log, line(name="nobody@example.com", reason="wrong-password"))

    catch_up(follow(log))

    assert not rows()


def test_hours_that_are_known_are_not_written_again(
    log: Path, follow: Follow, phone: ClientPassword
) -> None:
    reader = follow(log)
    append(log, line(credential=phone.pk))
    catch_up(reader)
    append(log, line(credential=phone.pk, second=11))

    with CaptureQueriesContext(connection) as queries:
        catch_up(reader)

    assert any("clientpasswords_logonday" in each["sql"] for each in queries)
    assert not [
        each
        for each in queries
        if "clientpasswords_logonday" in each["sql"] and "INSERT" in each["sql"]
    ]


def test_there_is_one_row_a_day_at_most(alice: Account, phone: ClientPassword) -> None:
    for password in (phone, None):
        values = {
            "account": alice,
            "client_password": password,
            "day": DAY,
            "hours_let_in": 1,
            "hours_refused": 0,
        }
        LogonDay.objects.create(**values)
        with pytest.raises(IntegrityError), transaction.atomic():
            LogonDay.objects.create(**values)


def test_days_go_after_a_month_and_with_their_password_and_mailbox(
    alice: Account, clock: Traveller, log: Path, follow: Follow, phone: ClientPassword
) -> None:
    clock.move_to(datetime(2026, 12, 25, 12, tzinfo=UTC))
    append(log, line(credential=phone.pk, day=22))
    append(log, line(credential=phone.pk, day=23))
    append(log, line(reason="wrong-password", day=24))
    catch_up(follow(log))

    call_command("tidy")
    assert [row[1].day for row in rows()] == [23, 24]
    phone.delete()
    assert [row[0] for row in rows()] == [None]
    alice.delete()

    assert not rows()
