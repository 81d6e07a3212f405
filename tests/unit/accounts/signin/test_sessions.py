"""How a session of the portal begins and ends."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings
from time_machine import Traveller

from accounts.models import Account
from accounts.signin import throttle
from tests.factories import PASSWORD
from tests.signedin import sign_in_with_password
from tests.unit.support import is_signed_in, sign_in

pytestmark = pytest.mark.both_databases

MINUTE = timedelta(minutes=1)


@pytest.fixture
def signed_in(client: Client, clock: Traveller, alice: Account) -> Client:
    sign_in(client, "alice@example.com", PASSWORD)
    return client


def key_of(browser: Client) -> str:
    return browser.cookies["session"].value


def test_the_key_of_a_session_changes_at_the_sign_in(
    client: Client, alice: Account
) -> None:
    sign_in(client, "alice@example.com", "wrong")
    before = key_of(client)

    sign_in(client, "alice@example.com", PASSWORD)

    after = key_of(client)
    assert before != after
    stranger = Client()
    stranger.cookies["session"] = before
    assert not is_signed_in(stranger)
    assert not Session.objects.filter(session_key=before).exists()


def test_a_key_that_somebody_set_beforehand_is_not_taken_over(
    client: Client, alice: Account
) -> None:
    client.cookies["session"] = "a-key-that-mallory-knows-of-course"

    sign_in(client, "alice@example.com", PASSWORD)

    assert key_of(client) != "a-key-that-mallory-knows-of-course"


def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(
    signed_in: Client, clock: Traveller
) -> None:
    assert is_signed_in(signed_in)

    clock.shift(15 * MINUTE)

    assert not is_signed_in(signed_in)


def test_a_session_in_use_goes_on(signed_in: Client, clock: Traveller) -> None:
    for _ in range(5):
        clock.shift(13 * MINUTE)
        assert is_signed_in(signed_in)


def test_however_busy_a_session_ends_after_twelve_hours(
    signed_in: Client, clock: Traveller, settings: Settings
) -> None:
    settings.SESSION_COOKIE_AGE = 24 * 3600  # as if somebody was busy all the time
    assert is_signed_in(signed_in)

    clock.shift(timedelta(hours=12))
    assert is_signed_in(signed_in)
    clock.shift(1)
    assert not is_signed_in(signed_in)

    assert not Session.objects.exists()
    assert sign_in(signed_in, "alice@example.com", PASSWORD).status_code == 302


def test_a_session_is_written_once_a_minute(
    signed_in: Client,
    clock: Traveller,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    page = reverse("accounts:general")
    signed_in.get(page)

    with django_assert_max_num_queries(3):
        signed_in.get(page)
    clock.shift(2 * MINUTE)
    before = Session.objects.get().expire_date
    signed_in.get(page)

    assert Session.objects.get().expire_date > before - MINUTE
    assert Session.objects.get().expire_date != before


def test_signing_out_ends_the_session_on_the_server(signed_in: Client) -> None:
    thief = Client()
    thief.cookies["session"] = key_of(signed_in)
    assert is_signed_in(thief)

    response = signed_in.post(reverse("accounts:sign-out"))

    assert response["Location"] == "/"
    assert not is_signed_in(thief)
    assert not Session.objects.exists()


def test_a_new_web_password_ends_all_sessions(
    signed_in: Client, alice: Account
) -> None:
    alice.set_password("another web password")
    alice.save()

    assert not is_signed_in(signed_in)


def test_the_other_sessions_can_be_ended_alone(
    signed_in: Client, alice: Account
) -> None:
    other = sign_in_with_password(alice)
    session = signed_in.session

    throttle.end_other_sessions(alice, session)
    session.save()

    assert is_signed_in(signed_in)
    assert not is_signed_in(other)


def test_nothing_of_the_password_is_in_the_session(signed_in: Client) -> None:
    values = str(dict(signed_in.session.items()))

    assert PASSWORD not in values
    assert "argon2" not in values


def test_a_form_sent_after_the_end_leads_back_to_a_page_that_can_be_opened(
    signed_in: Client, alice: Account, clock: Traveller
) -> None:
    clock.shift(16 * MINUTE)
    windows = "/settings/account-security/security-passwords/"

    answer = signed_in.post(f"{windows}new/verify/", {"code": "123456"}, follow=True)

    assert "Your session has ended. Nothing was changed." in answer.content.decode()
    back = answer.request["QUERY_STRING"].removeprefix("next=")
    signed_in.force_login(alice)
    assert signed_in.get(back).status_code == 200
