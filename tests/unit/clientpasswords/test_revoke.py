"""The end of a client password, and what is left of it."""

from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Budget, Cutoff
from clientpasswords import lifecycle
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from tests.factories import make_client_password
from tests.unit.support import HOME


@pytest.fixture(autouse=True)
def _two_nodes(settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://one.example/", "http://two.example/"]


def test_a_revoked_password_is_refused_from_then_on(bob: Account) -> None:
    row, secret = make_client_password(bob)

    lifecycle.revoke(bob.client_passwords.filter(pk=row.pk), by=HOME)

    verdict = decision.decide(bob.address, "imap", secret, None)
    assert verdict.reason == f"security password {row.pk}: revoked"


def test_the_others_go_on(bob: Account) -> None:
    row, _secret = make_client_password(bob, "Lost")
    kept, secret = make_client_password(bob, "Kept")

    lifecycle.revoke(bob.client_passwords.filter(pk=row.pk), by=HOME)

    verdict = decision.decide(bob.address, "imap", secret, None)
    assert verdict.login_name == kept.login_name


def test_its_sessions_are_to_be_ended_on_every_node(bob: Account) -> None:
    row, _secret = make_client_password(bob)

    lifecycle.revoke(bob.client_passwords.filter(pk=row.pk), by=HOME)

    orders = Cutoff.objects.values_list("node", "login_mask", "is_review")
    assert sorted(orders) == [
        ("http://one.example/", row.login_name, False),
        ("http://two.example/", row.login_name, False),
    ]


def test_revoking_twice_is_revoking_once(bob: Account, clock: Traveller) -> None:
    row, _secret = make_client_password(bob)
    mine = bob.client_passwords.filter(pk=row.pk)
    assert lifecycle.revoke(mine, by=HOME) == 1
    first = mine.get().revoked_at
    clock.shift(10)

    assert lifecycle.revoke(mine.all(), by=HOME) == 0

    assert mine.get().revoked_at == first
    assert bob.security_events.filter(kind="revoked").count() == 1
    assert Cutoff.objects.count() == 2


def test_passwords_of_several_accounts_are_revoked_together(
    bob: Account, alice: Account
) -> None:
    for account in (alice, bob):
        make_client_password(account, "First")
        make_client_password(account, "Second")

    assert lifecycle.revoke(ClientPassword.objects.all(), by=HOME) == 4

    assert not ClientPassword.objects.all().live().exists()
    assert alice.security_events.filter(kind="revoked").count() == 2
    assert Cutoff.objects.count() == 8


def test_revoking_is_recorded_with_the_device_and_who_did_it(bob: Account) -> None:
    row, _secret = make_client_password(bob, "Lost phone")

    lifecycle.revoke(bob.client_passwords.all(), by=HOME)

    event = bob.security_events.get()
    assert (event.kind, event.actor) == ("revoked", "alice@example.com")
    assert event.detail == {"device": "Lost phone", "credential": row.pk}


def test_a_new_name_changes_nothing_else(bob: Account) -> None:
    row, secret = make_client_password(bob)

    lifecycle.rename(row, "Kitchen tablet")

    assert bob.client_passwords.get().label == "Kitchen tablet"
    assert decision.decide(bob.address, "imap", secret, None).login_name


def test_a_revoked_password_is_kept_for_ninety_days(
    bob: Account, clock: Traveller
) -> None:
    make_client_password(bob, "Revoked", revoked_at=timezone.now())
    make_client_password(bob, "Live")

    clock.shift(timedelta(days=90))
    assert lifecycle.forget() == 0
    clock.shift(timedelta(seconds=1))
    assert lifecycle.forget() == 1

    assert [row.label for row in ClientPassword.objects.all()] == ["Live"]


def test_how_long_it_is_kept_is_a_setting(
    bob: Account, clock: Traveller, settings: Settings
) -> None:
    settings.REVOKED_KEPT_DAYS = 1
    make_client_password(bob, revoked_at=timezone.now())

    clock.shift(timedelta(days=1, seconds=1))

    assert lifecycle.forget() == 1


def test_tidying_deletes_what_nobody_needs_and_says_so(
    bob: Account, clock: Traveller
) -> None:
    make_client_password(bob, "Revoked", revoked_at=timezone.now())
    live, _secret = make_client_password(bob, "Live")
    Budget.objects.create(key="k", window=timezone.now(), used=1)
    Session.objects.create(session_key="old", expire_date=timezone.now())
    Cutoff.objects.create(account=bob, login_mask="m", node="n", kicks=3)
    clock.shift(timedelta(days=91))
    output = StringIO()

    call_command("tidy", stdout=output)

    assert "deleted security passwords: 1\n" in output.getvalue()
    assert "finished cut-offs: 1\n" in output.getvalue()
    assert "old limits: 1\n" in output.getvalue()
    assert list(ClientPassword.objects.all()) == [live]
    assert not Session.objects.exists()
