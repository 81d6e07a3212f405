"""Turning security passwords on and off, and what that does to logons."""

import pytest
from pytest_django import Settings

from accounts.models import Account, Cutoff
from clientpasswords import lifecycle
from clientpasswords.logon import decision
from tests.factories import PASSWORD, make_client_password, switch_off
from tests.unit.support import HOME, at_once

pytestmark = pytest.mark.usefixtures("one_node")


def opens(account: Account, password: str) -> bool:
    return (
        decision.decide(account.address, "imap", password, None).login_name is not None
    )


def test_the_switch_decides_which_kind_of_password_opens(alice: Account) -> None:
    _row, secret = make_client_password(alice)
    assert (opens(alice, PASSWORD), opens(alice, secret)) == (True, False)

    lifecycle.switch_on(alice, by=HOME)

    assert (opens(alice, PASSWORD), opens(alice, secret)) == (False, True)


def test_switched_off_is_suspended_and_on_again_is_revived(alice: Account) -> None:
    lifecycle.switch_on(alice, by=HOME)
    _row, secret = make_client_password(alice)

    switch_off(alice, by=HOME)

    assert (opens(alice, PASSWORD), opens(alice, secret)) == (True, False)
    lifecycle.switch_on(alice, by=HOME)
    assert (opens(alice, PASSWORD), opens(alice, secret)) == (False, True)


def test_turning_on_ends_the_sessions_of_the_web_password_but_for_webmails(
    alice: Account,
) -> None:
    lifecycle.switch_on(alice, by=HOME)

    order = Cutoff.objects.get()
    assert (order.account, order.login_mask) == (alice, "alice@example.com*")
    assert order.is_review


def test_turning_off_ends_the_sessions_of_all_devices(alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)

    switch_off(alice, by=HOME)

    order = Cutoff.objects.get()
    assert (order.account, order.login_mask) == (alice, "alice@example.com*")
    assert order.is_review


def test_what_is_on_already_is_not_turned_on(alice: Account) -> None:
    lifecycle.switch_on(alice, by=HOME)
    lifecycle.switch_on(alice, by=HOME)

    assert alice.security_events.filter(kind="switched-on").count() == 1
    assert Cutoff.objects.count() == 1


def test_what_is_off_already_is_not_turned_off(alice: Account) -> None:
    switch_off(alice, by=HOME)

    assert not alice.security_events.exists()
    assert not Cutoff.objects.exists()


@pytest.mark.parametrize("on", [True, False])
def test_what_the_policy_requires_cannot_be_turned_off(
    bob: Account, *, on: bool
) -> None:
    Account.objects.filter(pk=bob.pk).update(client_passwords_on=on)
    _row, secret = make_client_password(bob)

    with pytest.raises(lifecycle.Required):
        switch_off(bob, by=HOME)

    bob.refresh_from_db()
    assert bob.client_passwords_on is on
    assert (opens(bob, PASSWORD), opens(bob, secret)) == (False, True)
    assert not bob.security_events.exists()
    assert not Cutoff.objects.exists()


def test_both_turns_are_recorded_with_who_and_from_where(alice: Account) -> None:
    lifecycle.switch_on(alice, by=HOME)
    switch_off(alice, by=HOME)

    off, on = alice.security_events.all()
    assert (on.kind, off.kind) == ("switched-on", "switched-off")
    assert {on.actor, off.actor} == {"alice@example.com"}
    assert on.network_address == HOME.network_address


def test_nobody_elses_switch_is_touched(alice: Account, mallory: Account) -> None:
    lifecycle.switch_on(alice, by=HOME)

    mallory.refresh_from_db()
    assert not mallory.client_passwords_on


@pytest.mark.django_db(transaction=True)
def test_turned_on_ten_times_at_once_is_turned_on_once(
    alice: Account, settings: Settings
) -> None:
    settings.DOVEADM_URLS = []

    at_once(10, lambda _n: lifecycle.switch_on(alice, by=HOME))

    assert alice.security_events.filter(kind="switched-on").count() == 1
