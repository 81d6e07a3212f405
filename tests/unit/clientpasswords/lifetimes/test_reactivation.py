"""A code keeps a security password that nobody used, suspended already or not."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from time_machine import Traveller

from accounts import codes
from accounts.codes import Purpose
from accounts.models import Account, MailLogon, Phone, Policy, SecurityEvent
from clientpasswords import lifecycle
from clientpasswords.lifetimes import inactivity, reactivation
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from tests.factories import make_client_password
from tests.unit.clientpasswords.idling import (
    DAY,
    UNUSED,
    later,
    refusal,
)
from tests.unit.support import HOME, code_for, last_code, other_than, press_next

ATTEMPT = "11111111-1111-4111-8111-111111111111"


def reactivation_code(account: Account) -> str:
    codes.send_code(account, Purpose.REACTIVATE, by=HOME)
    return last_code()


def page(browser: Client, name: str = "index", *args: int) -> str:
    return " ".join(
        browser.get(reverse(f"clientpasswords:{name}", args=args)).text.split()
    )


def test_a_code_brings_a_suspended_one_back(
    alice: Account, suspended: ClientPassword, clock: Traveller
) -> None:
    reactivation.reactivate(alice, suspended, code=reactivation_code(alice), by=HOME)

    assert refusal(suspended) is None
    event = SecurityEvent.objects.get(kind="revived")
    assert event.detail == {"device": "Phone", "credential": suspended.pk}
    assert event.actor == alice.address
    assert event.notifications.exists()
    # From now on its time counts anew.
    assert later(clock, 22 * DAY) == 0
    assert later(clock, DAY) == 1


def test_before_it_is_suspended_it_is_kept(
    alice: Account, notified: ClientPassword, clock: Traveller
) -> None:
    reactivation.reactivate(alice, notified, code=reactivation_code(alice), by=HOME)
    later(clock, 8 * DAY)

    assert refusal(notified) is None


def test_a_wrong_code_is_counted_and_brings_nothing_back(
    alice: Account, suspended: ClientPassword
) -> None:
    with pytest.raises(codes.WrongCode):
        reactivation.reactivate(
            alice, suspended, code=other_than(reactivation_code(alice)), by=HOME
        )

    assert refusal(suspended) == UNUSED
    assert Phone.objects.get().throttling_failure_count == 1


def test_codes_for_something_else_bring_nothing_back(
    alice: Account, suspended: ClientPassword
) -> None:
    with pytest.raises(codes.NoCode):
        reactivation.reactivate(alice, suspended, code=code_for(alice), by=HOME)

    assert refusal(suspended) == UNUSED


def test_where_there_is_nothing_to_keep_no_code_is_spent(
    alice: Account, suspended: ClientPassword
) -> None:
    code = reactivation_code(alice)
    other = make_client_password(alice, "Other")[0]
    reactivation.reactivate(alice, other, code=code, by=HOME)
    assert not SecurityEvent.objects.filter(kind="revived").exists()

    reactivation.reactivate(alice, suspended, code=code, by=HOME)

    assert refusal(suspended) is None


def test_a_deleted_one_cannot_be_kept(
    alice: Account, suspended: ClientPassword
) -> None:
    lifecycle.revoke(alice.client_passwords.all(), by=HOME)

    reactivation.reactivate(alice, suspended, code=reactivation_code(alice), by=HOME)

    assert refusal(suspended) == "revoked"


def test_suspended_ones_count_towards_the_limit(
    alice: Account, suspended: ClientPassword
) -> None:
    Policy.objects.update(max_client_passwords=1)
    alice.refresh_from_db()

    with pytest.raises(lifecycle.LimitReached):
        lifecycle.send_code(alice, by=HOME)


# --- pages ----------------------------------------------------------------------------


def test_the_page_counts_down_and_offers_to_keep_it(
    alice: Account, notified: ClientPassword, browser: Client, clock: Traveller
) -> None:
    clock.shift(2 * DAY)
    browser.force_login(alice)

    for text in (page(browser), page(browser, "device", notified.pk)):
        assert "Not used: 5 days left" in text
        assert reverse("clientpasswords:keep", args=[notified.pk]) in text
        assert "Suspended: not used" not in text


def test_the_page_shows_a_suspended_one_as_such(
    suspended: ClientPassword, browser: Client
) -> None:
    for text in (page(browser), page(browser, "device", suspended.pk)):
        assert "Suspended: not used" in text
        assert "left" not in re.findall(r"Not used.{30}", text)
        assert reverse("clientpasswords:keep", args=[suspended.pk]) in text


def test_one_in_use_is_shown_as_ever(
    alice: Account, suspended: ClientPassword, browser: Client
) -> None:
    make_client_password(alice, "Tablet")

    assert page(browser).count("Use it again") == 1


def test_the_list_asks_as_often_for_many(
    alice: Account,
    suspended: ClientPassword,
    browser: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(9):
        make_client_password(alice, f"D{number}", suspends_at=suspended.suspends_at)

    page(browser)  # which writes its session
    with django_assert_max_num_queries(8):
        assert page(browser).count("Use it again") == 10


def test_the_window_takes_the_code(
    alice: Account, suspended: ClientPassword, browser: Client
) -> None:
    window = page(browser, "keep", suspended.pk)
    assert "“Phone” can send and receive mail" in window
    assert reverse("clientpasswords:keep-verify", args=[suspended.pk]) in window
    response = browser.post(reverse("clientpasswords:keep-code", args=[suspended.pk]))
    assert response.status_code == 302
    verify = reverse("clientpasswords:keep-verify", args=[suspended.pk])
    code = last_code()

    wrong = browser.post(verify, {"code": other_than(code), "attempt": ATTEMPT})
    assert wrong.status_code == 422
    assert browser.post(verify, {"attempt": ATTEMPT}).status_code == 422
    right = browser.post(verify, {"code": code, "attempt": ATTEMPT})

    assert right.status_code == 302
    assert "“Phone” can send and receive mail." in page(browser)
    assert refusal(suspended) is None
    assert page(browser).count("Use it again") == 0


def test_its_code_makes_no_password(suspended: ClientPassword, browser: Client) -> None:
    browser.post(reverse("clientpasswords:keep-code", args=[suspended.pk]))

    assert press_next(browser, last_code()).status_code == 409


@pytest.mark.parametrize("name", ["keep", "keep-code", "keep-verify"])
def test_somebody_elses_cannot_be_kept(
    name: str, suspended: ClientPassword, mallory: Account, client: Client
) -> None:
    client.force_login(mallory)
    address = reverse(f"clientpasswords:{name}", args=[suspended.pk])

    method = client.get if name == "keep" else client.post
    assert method(address).status_code == 404


def test_one_that_is_in_use_has_nothing_to_ask(
    alice: Account, suspended: ClientPassword, browser: Client
) -> None:
    other = make_client_password(alice, "Other")[0]

    response = browser.get(reverse("clientpasswords:keep", args=[other.pk]))

    assert response.status_code == 302


def test_the_history_has_words_for_it(
    alice: Account, suspended: ClientPassword, browser: Client
) -> None:
    alice.logons.create(
        client_password=suspended,
        protocol="imap",
        reason=UNUSED,
        node="mx1",
        first_at=timezone.now(),
        last_at=timezone.now(),
        count=1,
    )

    assert "suspended, as it was not used" in page(browser, "sign-ins")


def test_idleness_and_views_agree(suspended: ClientPassword) -> None:
    """What was told, and is over, is what the views refuse."""
    inactivity.review()
    over = ClientPassword.objects.filter(suspends_at__lte=timezone.now())
    refused = MailLogon.objects.filter(refusal=UNUSED).values_list("credential")

    assert {(row.pk,) for row in over} == set(refused)
    assert decision.decide("alice@example.com", "imap", "x", None).login_name is None
