"""Sessions whose right ended by time alone."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Account, Cutoff, Policy
from accounts.sessions import expiry
from tests import standins
from tests.factories import make_policy
from tests.standins import StandIn

pytestmark = pytest.mark.both_databases

HOUR = timedelta(hours=1)


@pytest.fixture
def node(settings: Settings, alice: Account) -> Iterator[StandIn]:
    """A mail server where Alice is on line with her web password."""
    row = {"username": alice.address, "service": "imap", "pid": "1", "ip": "192.0.2.7"}
    with standins.mail_node(settings, standins.dovecot([row])) as node:
        yield node


def ordered() -> list[tuple[str, bool]]:
    return list(Cutoff.objects.values_list("login_mask", "is_review"))


@pytest.mark.parametrize(("comes_in", "count"), [(-HOUR, 1), (HOUR, 0)])
def test_the_date_of_a_requirement_ends_the_web_passwords_sessions(
    alice: Account, node: StandIn, comes_in: timedelta, count: int
) -> None:
    Policy.objects.update(
        client_passwords_required=True, required_from=timezone.now() + comes_in
    )

    assert expiry.end_expired_sessions() == count

    assert ordered() == [(alice.address, True)] * count


def test_the_end_of_an_exception_ends_sessions(alice: Account, node: StandIn) -> None:
    Policy.objects.update(third_party_logon=False)
    alice.policy = make_policy("Exception")
    alice.policy_until = timezone.now() + HOUR
    alice.save()
    assert expiry.end_expired_sessions() == 0

    Account.objects.update(policy_until=timezone.now() - HOUR)

    assert expiry.end_expired_sessions() == 1


def test_what_is_ordered_already_is_not_ordered_again(
    alice: Account, node: StandIn
) -> None:
    Policy.objects.update(client_password_days=30, third_party_logon=False)

    assert [expiry.end_expired_sessions() for _ in range(2)] == [1, 0]


def test_where_nothing_ends_by_time_no_mail_server_is_asked(
    alice: Account, node: StandIn
) -> None:
    assert expiry.end_expired_sessions() == 0

    assert node.requests == []


def test_a_mail_server_that_is_away_is_asked_again(
    alice: Account, node: StandIn
) -> None:
    Policy.objects.update(client_password_days=30, third_party_logon=False)
    there, node.behave = node.behave, standins.cuts()
    assert expiry.end_expired_sessions() == 0

    node.behave = there

    assert expiry.end_expired_sessions() == 1


def test_the_worker_looks_for_them(alice: Account, node: StandIn) -> None:
    Policy.objects.update(client_password_days=30, third_party_logon=False)

    call_command("deliver_cutoffs", "--once")

    assert ordered() == [(alice.address, True)]
