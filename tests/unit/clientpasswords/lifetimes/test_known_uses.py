"""Uses that are known of: nobody is suspended by what nobody has read."""

from collections.abc import Iterator

import pytest
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Cutoff, Policy
from accounts.sessions import expiry
from clientpasswords.lifetimes import inactivity
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from tests import standins
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

# --- logs that are not read -----------------------------------------------------------


def test_a_log_that_was_not_read_suspends_nobody(
    told: ClientPassword, clock: Traveller
) -> None:
    """Perhaps it was used, and we have not heard of it."""
    follow("mx2")
    clock.shift(8 * DAY)
    FollowedLog.objects.filter(node="mx1").update(read_to=timezone.now())
    inactivity.review()
    assert refusal(told) is None

    FollowedLog.objects.filter(node="mx2").update(read_to=timezone.now())
    inactivity.review()

    assert refusal(told) == UNUSED


def test_a_log_that_was_lost_lets_be_whoever_was_told(
    told: ClientPassword, clock: Traveller
) -> None:
    """What it said nobody knows."""
    FollowedLog.objects.update(began_at=timezone.now())
    later(clock, 8 * DAY)
    assert refusal(told) is None

    assert later(clock, 15 * DAY) == 1  # told anew


def test_what_is_told_is_let_be_while_the_worker_does_not_run(
    told: ClientPassword, clock: Traveller
) -> None:
    clock.shift(30 * DAY)
    follow("mx1")
    assert refusal(told) is None

    inactivity.review()

    assert refusal(told) == UNUSED


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


def test_a_mail_server_whose_log_nobody_follows_suspends_nobody(
    told: ClientPassword, clock: Traveller, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/", "http://127.0.0.1:8/"]

    assert later(clock, DAY) == 0

    told.refresh_from_db()
    assert told.suspends_at is None
    later(clock, 30 * DAY)
    assert refusal(told) is None


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
    assert expiry.order_ended() == 0
    clock.shift(HOUR)
    Policy.objects.update(uses_known_to=timezone.now())

    assert expiry.order_ended() == 1

    inactivity.review()  # such a session does not bring it back
    assert refusal(phone) == UNUSED
    assert Cutoff.objects.get().login_mask == phone.login_name
