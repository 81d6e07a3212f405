"""Owners are notified some days before a security password ends: once, by mail."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Notification, Policy, SecurityEvent
from clientpasswords import lifecycle
from clientpasswords.lifetimes import expiry
from clientpasswords.models import ClientPassword
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.scopes import Scope
from tests.factories import make_account, make_client_password, make_policy
from tests.unit.support import HOME, at_once

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def phone(alice: Account, clock: Traveller, settings: Settings) -> ClientPassword:
    """Made just now, by an owner who has turned security passwords on."""
    settings.DOVEADM_URLS = []
    Account.objects.update(client_passwords_on=True)
    return make_client_password(alice)[0]


def ends(row: ClientPassword, span: timedelta) -> None:
    ClientPassword.objects.filter(pk=row.pk).update(expires_at=timezone.now() + span)


def notified_ends() -> list[str]:
    """The ends that owners were told of, in the order of the telling."""
    rows = SecurityEvent.objects.filter(kind="ends-soon").order_by("pk")
    return [event.detail["expires"] for event in rows]


@contextmanager
def away(model: type[Model]) -> Iterator[None]:
    """Of these no row can be read or written."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO away")
        yield
        cursor.execute(f"ALTER TABLE away RENAME TO {table}")


def rounds(clock: Traveller, count: int, span: timedelta = DAY) -> list[int]:
    """Let time go by; return of how many each round told."""
    found = []
    for _number in range(count):
        clock.shift(span)
        found.append(expiry.notify_owners())
    return found


def test_a_date_is_told_once_a_week_before(
    phone: ClientPassword, clock: Traveller
) -> None:
    ends(phone, 30 * DAY)

    assert rounds(clock, 31) == [0] * 22 + [1] + [0] * 8
    assert notified_ends() == ["2026-12-23T12:00:00+00:00"]


def test_a_life_by_the_policy_is_told_once_a_week_before(
    phone: ClientPassword, clock: Traveller
) -> None:
    Policy.objects.update(client_password_days=30)

    assert rounds(clock, 31) == [0] * 22 + [1] + [0] * 8
    assert notified_ends() == ["2026-12-23T12:00:00+00:00"]


@pytest.mark.parametrize(("days", "hours"), [(2, 24), (10, 5 * 24), (14, 7 * 24)])
def test_of_a_short_life_half_is_left(
    phone: ClientPassword, clock: Traveller, days: int, hours: int
) -> None:
    Policy.objects.update(client_password_days=days)
    clock.shift(days * DAY - hours * HOUR - timedelta(seconds=1))
    assert expiry.notify_owners() == 0

    assert rounds(clock, 2, timedelta(seconds=1)) == [1, 0]


def test_how_long_before_is_a_setting(
    phone: ClientPassword, clock: Traveller, settings: Settings
) -> None:
    settings.TOLD_BEFORE = 3 * DAY
    ends(phone, 30 * DAY)

    assert rounds(clock, 28) == [0] * 26 + [1] + [0]


@pytest.mark.parametrize(("date", "life", "first"), [(20, 30, 20), (30, 20, 20)])
def test_of_a_date_and_a_life_the_earlier_one_is_told_alone(
    phone: ClientPassword, clock: Traveller, date: int, life: int, first: int
) -> None:
    ends(phone, date * DAY)
    Policy.objects.update(client_password_days=life)
    end = timezone.now() + first * DAY

    assert sum(rounds(clock, 40)) == 1
    assert notified_ends() == [end.isoformat()]


def test_an_end_that_was_moved_is_told_again_when_it_is_near(
    phone: ClientPassword, clock: Traveller
) -> None:
    Policy.objects.update(client_password_days=30)
    assert sum(rounds(clock, 25)) == 1

    Policy.objects.update(client_password_days=60)
    assert sum(rounds(clock, 27)) == 0
    assert rounds(clock, 3) == [1, 0, 0]


@pytest.mark.parametrize("by", ["policy", "date"])
def test_an_end_that_was_moved_to_an_earlier_day_is_told_again(
    phone: ClientPassword, clock: Traveller, by: str
) -> None:
    """Its owner was told of the later one, and would rely on it."""
    made = timezone.now()

    def end_after(days: int) -> None:
        if by == "date":
            ClientPassword.objects.update(expires_at=made + days * DAY)
        else:
            Policy.objects.update(client_password_days=days)

    end_after(30)
    assert sum(rounds(clock, 24)) == 1

    end_after(26)
    assert sum(rounds(clock, 1, HOUR)) == 1
    assert notified_ends() == [(made + days * DAY).isoformat() for days in (30, 26)]


def test_a_near_date_of_the_owners_own_is_told_by_the_mail_about_it(
    phone: ClientPassword, clock: Traveller
) -> None:
    scope = Scope.of_password(phone)
    near = timezone.now() + 3 * DAY
    lifecycle.limit_scope(phone, Scope(scope.protocols, scope.networks, near), by=HOME)

    assert sum(rounds(clock, 3)) == 0


@pytest.mark.parametrize("rounds_before", [0, 1])
def test_a_date_after_the_policys_end_leaves_that_to_be_told_once(
    phone: ClientPassword, clock: Traveller, rounds_before: int
) -> None:
    Policy.objects.update(client_password_days=30)
    end = timezone.now() + 30 * DAY
    clock.shift(24 * DAY)
    for _ in range(rounds_before):
        assert expiry.notify_owners() == 1

    scope = Scope.of_password(phone)
    later = Scope(scope.protocols, scope.networks, end + HOUR)
    lifecycle.limit_scope(phone, later, by=HOME)

    rounds(clock, 6)
    assert notified_ends() == [end.isoformat()]


@pytest.mark.parametrize(
    "fields",
    [
        {"client_passwords_on": False},
        {"is_active": False},
        {"policy": {"third_party_logon": False}},
    ],
)
def test_what_is_refused_anyway_is_not_told(
    phone: ClientPassword, fields: dict[str, Any]
) -> None:
    if "policy" in fields:
        fields = {"policy": make_policy("Closed", **fields["policy"])}
    ends(phone, DAY)
    Account.objects.update(**fields)

    assert expiry.notify_owners() == 0


@pytest.mark.parametrize("name", ["revoked_at", "suspends_at", "expires_at"])
def test_what_has_ended_is_not_told(phone: ClientPassword, name: str) -> None:
    ends(phone, DAY)
    ClientPassword.objects.update(**{name: timezone.now()})

    assert expiry.notify_owners() == 0


def test_the_policy_that_binds_is_asked(
    phone: ClientPassword, alice: Account, clock: Traveller
) -> None:
    """Not one that has ended; and a requirement is as good as a choice."""
    short = make_policy("Short", client_password_days=20)
    until = timezone.now() + 10 * DAY
    required = make_policy("Required", client_passwords_required=True)
    Account.objects.update(
        policy=short, policy_until=until, client_passwords_on=False, domain=alice.domain
    )
    alice.domain.policy = required
    alice.domain.save()
    clock.shift(15 * DAY)

    assert expiry.notify_owners() == 0
    Account.objects.update(policy=make_policy("Other", client_passwords_required=True))
    Policy.objects.update(client_password_days=20)
    assert expiry.notify_owners() == 1


def test_many_are_told_in_several_rounds(
    phone: ClientPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    for number in range(4):
        make_client_password(phone.account, f"Device {number}")
    ClientPassword.objects.update(expires_at=timezone.now() + DAY)

    assert [expiry.notify_owners() for _ in range(4)] == [2, 2, 1, 0]


def test_a_round_that_fails_leaves_it_to_the_next(phone: ClientPassword) -> None:
    """What is told and who is told of it are written together, or not at all."""
    ends(phone, DAY)

    with away(Notification), pytest.raises(DatabaseError):
        expiry.notify_owners()

    assert [expiry.notify_owners() for _ in range(2)] == [1, 0]
    assert phone.account.notifications.count() == 1


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_tell_each_once(phone: ClientPassword) -> None:
    for number in range(9):
        account = make_account(f"{number}@example.com", client_passwords_on=True)
        make_client_password(account)
    ClientPassword.objects.update(expires_at=timezone.now() + DAY)

    at_once(4, lambda _number: expiry.notify_owners())
    expiry.notify_owners()

    assert len(notified_ends()) == 10
    assert len(set(SecurityEvent.objects.values_list("account", flat=True))) == 10


def test_the_mail_says_what_when_and_what_to_do(
    phone: ClientPassword,
) -> None:
    ends(phone, 3 * DAY)

    call_command("send_notifications", "--once")
    call_command("send_notifications", "--once")

    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "The security password for “Phone” expires soon"
    assert "Device: Phone" in letter.body
    assert "Works until: 26 November 2026, 12:00 (UTC)" in letter.body
    assert "create a new one" in letter.body
    assert "If this was you" not in letter.body
    assert "By: " not in letter.body
    assert "~" not in letter.body


@pytest.mark.parametrize("by", ["date", "policy"])
def test_the_list_marks_what_ends_soon(
    browser: Client, phone: ClientPassword, clock: Traveller, by: str
) -> None:
    if by == "date":
        ends(phone, 30 * DAY)
    else:
        Policy.objects.update(client_password_days=30)

    def marked() -> bool:
        browser.force_login(phone.account)
        page = browser.get(reverse("clientpasswords:index")).content.decode()
        return "Ends soon:" in page

    clock.move_to(datetime(2026, 12, 16, 11, 59, tzinfo=UTC))
    assert not marked()
    clock.move_to(datetime(2026, 12, 16, 12, tzinfo=UTC))
    assert marked()
    clock.move_to(datetime(2026, 12, 23, 12, tzinfo=UTC))
    assert not marked()


@pytest.mark.parametrize(
    ("date", "life", "hours"),
    [
        (8, None, 24),
        (8, 30, 24),
        (8, 8, 24),
        (None, 8, 96),
        (30, 8, 96),
        (None, 30, 23 * 24),
    ],
)
def test_the_list_marks_it_from_the_mail_on(
    phone: ClientPassword,
    clock: Traveller,
    date: int | None,
    life: int | None,
    hours: int,
) -> None:
    if date is not None:
        ends(phone, date * DAY)
    Policy.objects.update(client_password_days=life)

    def is_marked() -> bool:
        return SecurityPasswordPage(phone.account).passwords[0].ends_soon

    second = timedelta(seconds=1)
    clock.shift(hours * HOUR - second)
    before = is_marked(), expiry.notify_owners()
    clock.shift(second)
    after = is_marked(), expiry.notify_owners()

    assert (before, after) == ((False, 0), (True, 1))


def test_what_was_made_for_a_few_days_is_marked_from_the_start(
    phone: ClientPassword, clock: Traveller
) -> None:
    ends(phone, 3 * DAY)

    assert SecurityPasswordPage(phone.account).passwords[0].ends_soon
    assert expiry.notify_owners() == 1
