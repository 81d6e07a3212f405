"""Security passwords that nobody uses: told of, suspended, and kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Cutoff, MailLogon, Policy, SecurityEvent
from accounts.sessions import expiry
from clientpasswords.lifetimes import inactivity
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from tests import standins
from tests.factories import make_client_password, make_policy
from tests.standins import StandIn
from tests.unit.clientpasswords.idling import (
    DAY,
    HOUR,
    UNUSED,
    follow,
    later,
    refusal,
    use,
)

# --- told before ----------------------------------------------------------------------


def test_the_owner_is_told_a_week_before(
    phone: ClientPassword, clock: Traveller
) -> None:
    use(phone)
    assert later(clock, 23 * DAY - HOUR) == 0

    assert later(clock, HOUR) == 1
    assert later(clock, HOUR) == 0  # once

    phone.refresh_from_db()
    assert phone.suspends_at == datetime(2026, 12, 23, 12, tzinfo=UTC)
    event = SecurityEvent.objects.get(kind="suspends-soon")
    assert event.detail == {
        "device": "Phone",
        "credential": phone.pk,
        "suspends": phone.suspends_at.isoformat(),
    }


def test_nobody_is_suspended_who_was_not_told_before(
    phone: ClientPassword, clock: Traveller
) -> None:
    """Not even if the policy comes when the time is over long since."""
    Policy.objects.update(suspend_unused_days=None)
    assert later(clock, 300 * DAY) == 0
    Policy.objects.update(suspend_unused_days=30)
    assert refusal(phone) is None

    assert later(clock, HOUR) == 1

    assert refusal(phone) is None
    later(clock, 7 * DAY - HOUR)
    assert refusal(phone) is None
    later(clock, HOUR)
    assert refusal(phone) == UNUSED


@pytest.mark.parametrize(("hours", "notice"), [(2, 1), (24, 12), (24 * 30, 24 * 7)])
def test_one_that_was_never_used_has_its_own_time(
    hours: int, notice: int, phone: ClientPassword, clock: Traveller
) -> None:
    Policy.objects.update(suspend_unused_days=None, suspend_never_used_hours=hours)
    assert later(clock, (hours - notice) * HOUR - timedelta(seconds=1)) == 0
    assert later(clock, timedelta(seconds=1)) == 1
    later(clock, notice * HOUR - timedelta(seconds=1))
    assert refusal(phone) is None

    later(clock, timedelta(seconds=1))

    assert refusal(phone) == UNUSED


def test_one_that_was_used_has_not(phone: ClientPassword, clock: Traveller) -> None:
    Policy.objects.update(suspend_unused_days=None, suspend_never_used_hours=24)
    use(phone)

    assert later(clock, 300 * DAY) == 0


def test_the_mail_says_what_when_and_what_to_do(
    phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(25 * DAY)
    follow("mx1")

    call_command("send_notifications", "--once")

    (letter,) = mail.outbox
    assert "will be suspended" in letter.subject
    assert "Device: Phone" in letter.body
    assert "Suspended from: 25 December 2026" in letter.body
    assert "Keep this security password" in letter.body
    assert "If this was you" not in letter.body
    assert "By:" not in letter.body


@pytest.mark.parametrize(
    "change",
    [
        {"is_active": False},
        {"client_passwords_on": False},
    ],
)
def test_what_is_not_let_in_anyway_is_not_told_of(
    change: dict[str, bool], phone: ClientPassword, clock: Traveller
) -> None:
    Account.objects.update(**change)

    assert later(clock, 300 * DAY) == 0


def test_where_no_mail_program_connects_nobody_is_told(
    phone: ClientPassword, clock: Traveller
) -> None:
    Policy.objects.update(third_party_logon=False)

    assert later(clock, 300 * DAY) == 0


def test_what_is_revoked_or_over_is_not_told_of(
    alice: Account, phone: ClientPassword, clock: Traveller
) -> None:
    ClientPassword.objects.update(expires_at=timezone.now() + DAY)
    make_client_password(alice, "Gone", revoked_at=timezone.now())
    assert later(clock, 40 * DAY) == 0

    ClientPassword.objects.update(expires_at=None)
    Policy.objects.update(client_password_days=20)
    assert inactivity.review() == 0


# --- suspended, and not ---------------------------------------------------------------


def test_a_use_keeps_it(notified: ClientPassword, clock: Traveller) -> None:
    use(notified)
    later(clock, 7 * DAY)

    assert refusal(notified) is None
    assert later(clock, 15 * DAY) == 0
    assert later(clock, DAY) == 1  # told anew


def test_it_is_refused_by_every_protocol_and_by_the_portal(
    suspended: ClientPassword, alice: Account
) -> None:
    found = MailLogon.objects.filter(credential=suspended.pk)
    assert {row.refusal for row in found} == {UNUSED}


def test_check_logon_says_why(
    alice: Account, phone: ClientPassword, clock: Traveller
) -> None:
    row, secret = make_client_password(alice, "Tablet")
    later(clock, 23 * DAY)
    later(clock, 7 * DAY)

    verdict = decision.decide(alice.address, "smtp", secret, None)

    assert verdict.reason == f"security password {row.pk}: {UNUSED}"


def test_it_is_let_in_again_where_the_policy_does_not_say_so_any_more(
    suspended: ClientPassword,
) -> None:
    Policy.objects.update(suspend_unused_days=None)
    assert refusal(suspended) is None

    inactivity.review()
    Policy.objects.update(suspend_unused_days=30)

    assert refusal(suspended) is None  # and is told of anew


def test_a_longer_time_brings_it_back(suspended: ClientPassword) -> None:
    Policy.objects.update(suspend_unused_days=60)
    inactivity.review()

    assert refusal(suspended) is None


def test_so_does_another_policy(suspended: ClientPassword) -> None:
    make_policy("Others", suspend_unused_days=1)
    Account.objects.update(policy=make_policy("Own"))
    inactivity.review()

    suspended.refresh_from_db()
    assert suspended.suspends_at is None


# --- uses that are known of -----------------------------------------------------------


# --- logs that are not read -----------------------------------------------------------


def test_a_log_that_was_not_read_suspends_nobody(
    notified: ClientPassword, clock: Traveller
) -> None:
    """Perhaps it was used, and we have not heard of it."""
    follow("mx2")
    clock.shift(8 * DAY)
    FollowedLog.objects.filter(node="mx1").update(read_to=timezone.now())
    inactivity.review()
    assert refusal(notified) is None

    FollowedLog.objects.filter(node="mx2").update(read_to=timezone.now())
    inactivity.review()

    assert refusal(notified) == UNUSED


def test_a_log_that_was_lost_lets_be_whoever_was_told(
    notified: ClientPassword, clock: Traveller
) -> None:
    """What it said nobody knows."""
    FollowedLog.objects.update(began_at=timezone.now())
    later(clock, 8 * DAY)
    assert refusal(notified) is None

    assert later(clock, 15 * DAY) == 1  # told anew


def test_what_is_told_is_let_be_while_the_worker_does_not_run(
    notified: ClientPassword, clock: Traveller
) -> None:
    clock.shift(30 * DAY)
    follow("mx1")
    assert refusal(notified) is None

    inactivity.review()

    assert refusal(notified) == UNUSED


def test_who_is_suspended_stays_so_while_logs_are_not_read(
    suspended: ClientPassword, clock: Traveller
) -> None:
    clock.shift(30 * DAY)
    follow("mx3")  # a new mail server
    FollowedLog.objects.filter(node="mx3").update(began_at=timezone.now())

    inactivity.review()

    assert refusal(suspended) == UNUSED


def test_nobody_is_told_by_what_was_not_read(
    phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(40 * DAY)

    assert inactivity.review() == 0


def test_time_before_the_log_was_followed_does_not_count(
    phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(300 * DAY)
    FollowedLog.objects.update(began_at=timezone.now(), read_to=timezone.now())
    assert inactivity.review() == 0

    assert later(clock, 23 * DAY) == 1


def test_nor_does_time_before_the_last_of_two_logs_was_followed(
    phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(300 * DAY)
    now = timezone.now()
    FollowedLog.objects.update(read_to=now)
    FollowedLog.objects.create(node="another", path="log", began_at=now, read_to=now)

    assert inactivity.review() == 0


def test_a_mail_server_whose_log_nobody_follows_suspends_nobody(
    notified: ClientPassword, clock: Traveller, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/", "http://127.0.0.1:8/"]

    assert later(clock, DAY) == 0

    notified.refresh_from_db()
    assert notified.suspends_at is None
    later(clock, 30 * DAY)
    assert refusal(notified) is None


# --- sessions -------------------------------------------------------------------------


@pytest.fixture
def node(settings: Settings, phone: ClientPassword) -> Iterator[StandIn]:
    """A mail server where the phone is on line, and has been for long."""
    name = phone.login_name
    row = {"username": name, "service": "imap", "pid": "1", "ip": "192.0.2.7"}
    with standins.mail_node(settings, standins.dovecot([row])) as node:
        yield node


def test_a_session_that_goes_on_is_a_use(
    phone: ClientPassword, node: StandIn, clock: Traveller
) -> None:
    use(phone)

    assert later(clock, 40 * DAY) == 0

    assert Usage.objects.get().last_at == timezone.now()


def test_even_if_nobody_read_how_it_began(
    phone: ClientPassword, node: StandIn, clock: Traveller
) -> None:
    assert later(clock, 40 * DAY) == 0


def test_such_a_session_takes_back_what_its_owner_was_told(
    phone: ClientPassword, node: StandIn, clock: Traveller
) -> None:
    ClientPassword.objects.update(suspends_at=timezone.now() + 40 * DAY)
    Policy.objects.update(suspend_unused_days=40)

    inactivity.review()

    phone.refresh_from_db()
    assert phone.suspends_at is None


def test_nobody_is_told_while_a_mail_server_is_silent(
    phone: ClientPassword, node: StandIn, clock: Traveller
) -> None:
    node.behave = standins.cuts()

    assert later(clock, 40 * DAY) == 0


def test_what_is_left_of_its_sessions_ends_within_the_minute(
    phone: ClientPassword, node: StandIn, clock: Traveller
) -> None:
    Policy.objects.update(suspend_never_used_hours=1)
    ClientPassword.objects.update(suspends_at=timezone.now() + HOUR)
    assert expiry.end_expired_sessions() == 0
    clock.shift(HOUR)
    Policy.objects.update(uses_known_to=timezone.now())

    assert expiry.end_expired_sessions() == 1

    inactivity.review()  # such a session does not bring it back
    assert refusal(phone) == UNUSED
    assert Cutoff.objects.get().login_mask == phone.login_name
