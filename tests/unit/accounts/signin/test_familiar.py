"""Strangers who guess a name do not keep its owner out, and get no tries more."""

from collections.abc import Callable
from datetime import timedelta
from http.cookies import Morsel
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, FamiliarNetwork
from accounts.signin import familiar
from accounts.signin.familiar import FamiliarBrowser
from tests.factories import PASSWORD
from tests.unit.accounts.passkeysteps import post_json
from tests.unit.support import at_once, sign_in

ALICE = "alice@example.com"
HOME, NEW = "198.51.100.7", "203.0.113.200"
COOKIE = project_settings.FAMILIAR_COOKIE_NAME

pytestmark = pytest.mark.usefixtures("clock")


def ip_of(stranger: int) -> str:
    """Each stranger is in a network of their own."""
    return f"192.0.2.{stranger + 1}"


def guess(ip: str, name: str = ALICE, browser: Client | None = None) -> int:
    status: int = sign_in(
        browser or Client(), name, "wrong", REMOTE_ADDR=ip
    ).status_code
    return status


def let_strangers_guess(name: str = ALICE) -> int:
    """From ten networks until each has to wait; return how often somebody could."""
    tries = [guess(ip_of(stranger), name) for stranger in range(10) for _ in range(6)]
    return tries.count(200)


def used_browser(ip: str = HOME) -> Client:
    """Alice's browser, after she has signed in there and out again."""
    browser = Client()
    assert sign_in(browser, ALICE, PASSWORD, REMOTE_ADDR=ip).status_code == 302
    browser.post(reverse("accounts:sign-out"))
    return browser


def enter(browser: Client, ip: str, name: str = ALICE) -> int:
    status: int = sign_in(browser, name, PASSWORD, REMOTE_ADDR=ip).status_code
    return status


# --- ten networks against one owner ---------------------------------------------------


def test_a_browser_that_the_owner_signed_in_with_gets_in(alice: Account) -> None:
    browser = used_browser()

    assert let_strangers_guess() == 50

    assert enter(Client(), NEW) == 429
    assert enter(browser, NEW) == 302


def test_a_network_that_the_owner_signed_in_from_gets_in(alice: Account) -> None:
    used_browser(HOME)

    let_strangers_guess()

    assert enter(Client(), NEW) == 429
    assert enter(Client(), HOME) == 302


def test_a_network_of_ipv6_is_as_wide_as_for_the_count(alice: Account) -> None:
    used_browser("2001:db8:1:2::7")

    let_strangers_guess()

    assert enter(Client(), "2001:db8:1:3::8") == 429
    assert enter(Client(), "2001:db8:1:2::8") == 302


def test_a_browser_gets_in_whoever_guesses_in_its_network(
    alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 7
    browser = used_browser(HOME)

    for number in range(10):
        guess(HOME, ALICE)
        guess(HOME, f"owner{number}@example.com")

    assert enter(Client(), HOME) == 429
    assert enter(browser, HOME) == 302


def test_a_passkey_is_looked_at_whatever_passwords_are_guessed(
    alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 3
    begin = reverse("accounts:passkey-begin")
    for number in range(5):
        guess(HOME, f"owner{number}@example.com")

    browser = Client()
    post_json(browser, begin, REMOTE_ADDR=HOME)

    answer = {"id": "AAAA", "rawId": "AAAA", "type": "public-key", "response": {}}
    page = reverse("accounts:passkey-sign-in")
    assert post_json(browser, page, answer, REMOTE_ADDR=HOME).status_code != 429


def test_a_passkey_in_a_familiar_browser_is_looked_at_whoever_tries_others(
    alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 2
    browser, page = used_browser(), reverse("accounts:passkey-sign-in")

    strangers = [post_json(Client(), page, {}, REMOTE_ADDR=HOME) for _ in range(3)]

    assert strangers[-1].status_code == 429
    assert post_json(browser, page, {}, REMOTE_ADDR=HOME).status_code != 429


# Each form that asks for the web password of somebody who has signed in.
FORMS: dict[str, dict[str, str]] = {
    "accounts:password": {
        "old_password": PASSWORD,
        "new_password1": "something else entirely",
        "new_password2": "something else entirely",
    },
    "accounts:phone-number": {"number": "+12025550177", "password": PASSWORD},
    "accounts:passkey-add": {"name": "Laptop", "password": PASSWORD},
}


@pytest.mark.parametrize("name", FORMS)
def test_who_has_signed_in_can_still_prove_who_they_are(
    alice: Account, name: str
) -> None:
    browser = Client()
    assert enter(browser, HOME) == 302
    let_strangers_guess()

    response = browser.post(reverse(name), FORMS[name], REMOTE_ADDR=NEW)

    assert response.status_code == 302


# --- what it does not open ------------------------------------------------------------


def test_strangers_get_not_one_try_more(alice: Account) -> None:
    assert let_strangers_guess("nobody@example.com") == 50
    used_browser()

    assert let_strangers_guess(ALICE) == 50
    assert guess(NEW) == 429


def test_a_familiar_browser_has_a_count_of_its_own(alice: Account) -> None:
    browser = used_browser()
    let_strangers_guess()

    tries = [guess(NEW, browser=browser) for _ in range(7)]

    assert tries == [200] * 5 + [429] * 2
    assert enter(browser, NEW) == 429


def test_all_familiar_browsers_together_have_the_count_of_a_name(
    alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME = 7
    browsers = [used_browser(ip_of(number)) for number in range(3)]

    tries = [guess(NEW, browser=browser) for browser in browsers for _ in range(5)]

    assert tries.count(200) == 7
    assert guess(NEW) == 200


def test_all_familiar_networks_together_have_the_count_of_a_name(
    alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME = 7
    for number in range(3):
        used_browser(ip_of(number))

    tries = [guess(ip_of(number)) for number in range(3) for _ in range(5)]

    assert tries.count(200) == 7
    assert guess(NEW) == 200


def test_a_familiar_network_is_counted_by_name_and_network_as_any(
    alice: Account,
) -> None:
    used_browser(HOME)

    assert [guess(HOME) for _ in range(6)] == [200] * 5 + [429]


def test_the_browser_of_somebody_else_is_none(alice: Account, mallory: Account) -> None:
    browser = Client()
    sign_in(browser, "mallory@example.com", PASSWORD, REMOTE_ADDR=NEW)
    browser.post(reverse("accounts:sign-out"))
    let_strangers_guess()

    assert enter(browser, NEW) == 429


@pytest.mark.parametrize("factor", ["wrong password", "first of two steps"])
def test_only_a_finished_sign_in_makes_a_place_familiar(
    alice: Account, factor: str
) -> None:
    if factor == "first of two steps":
        alice.totpdevice_set.create(confirmed=True)
    browser = Client()
    password = PASSWORD if factor == "first of two steps" else "wrong"
    sign_in(browser, ALICE, password, REMOTE_ADDR=NEW)

    assert COOKIE not in browser.cookies
    assert not FamiliarNetwork.objects.exists()


def test_it_ends_after_ninety_days(alice: Account, clock: Traveller) -> None:
    browser = used_browser(HOME)
    clock.shift(timedelta(days=90))
    let_strangers_guess()

    # The browser would have dropped the cookie; one that is shown again is too old.
    assert enter(browser, NEW) == 429
    clock.shift(timedelta(seconds=1))
    assert enter(Client(), HOME) == 429
    assert familiar.forget() == 1


def changed(value: str) -> str:
    return value[:-1] + ("A" if value[-1] != "A" else "B")


@pytest.mark.parametrize(
    "forge",
    [
        changed,
        lambda value: (
            changed(value.rpartition(":")[0]) + ":" + value.rpartition(":")[2]
        ),
        lambda _value: "x",
        lambda _value: "",
        lambda value: value * 50,
        lambda value: value.rpartition(":")[0],
    ],
)
def test_a_cookie_that_we_did_not_write_counts_for_nothing(
    alice: Account, forge: Callable[[str], str]
) -> None:
    browser = used_browser()
    browser.cookies[COOKIE] = forge(browser.cookies[COOKIE].value)
    let_strangers_guess()

    assert enter(browser, NEW) == 429


# --- what is kept ---------------------------------------------------------------------


def cookie_of(browser: Client) -> "Morsel[str]":
    return browser.cookies[COOKIE]


def test_the_cookie_is_out_of_reach_and_says_nothing_of_the_account(
    alice: Account, settings: Settings
) -> None:
    settings.HTTPS = True

    cookie = cookie_of(used_browser())

    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert cookie["max-age"] == 90 * 24 * 3600
    secrets = ("alice", "example", PASSWORD, alice.password, f"/{alice.pk}.")
    assert not [each for each in secrets if each in cookie.value]


def test_two_browsers_of_one_account_have_nothing_in_common(alice: Account) -> None:
    one, two = (set(cookie_of(used_browser()).value.split("/")) for _ in range(2))

    assert not one & two


def test_the_cookie_lives_through_sign_out_and_several_accounts(
    alice: Account, mallory: Account
) -> None:
    browser = used_browser()
    assert sign_in(browser, "mallory@example.com", PASSWORD).status_code == 302
    browser.post(reverse("accounts:sign-out"))
    let_strangers_guess()
    let_strangers_guess("mallory@example.com")

    assert enter(browser, NEW) == 302


def test_a_browser_remembers_the_newest_five() -> None:
    browser = FamiliarBrowser("name")
    for number in [*range(7), 3]:
        browser = browser.with_account(f"owner{number}@example.com")

    known = [n for n in range(7) if browser.knows(f"Owner{n}@example.com")]

    assert known == [2, 3, 4, 5, 6]
    assert len(browser.accounts) == 5


# --- known and unknown names ----------------------------------------------------------


@pytest.mark.parametrize("throttled", [False, True])
def test_neither_text_nor_work_tell_whether_there_is_such_a_name(
    alice: Account, *, throttled: bool
) -> None:
    used_browser(HOME)
    names = {ALICE: "known", "nobody@example.com": "unknown", "nobody": "no address"}
    for name in names:  # begins the counts
        guess(ip_of(0), name)
        if throttled:
            let_strangers_guess(name)
    guess(NEW, "first@example.com")
    seen = set()
    for name in names:
        with CaptureQueriesContext(connection) as queries:
            response = sign_in(Client(), name, "wrong", REMOTE_ADDR=NEW)
        text = response.content.decode().replace(name, "NAME")
        token = str(response.context["csrf_token"])
        seen.add((response.status_code, text.replace(token, ""), len(queries)))

    assert len(seen) == 1
    assert seen.pop()[0] == (429 if throttled else 200)


@pytest.mark.django_db(transaction=True)
def test_thirty_wrong_passwords_at_once_from_a_familiar_browser_are_five(
    alice: Account,
) -> None:
    cookie = cookie_of(used_browser()).value

    def try_one(_number: int) -> Any:
        browser = Client()
        browser.cookies[COOKIE] = cookie
        return guess(NEW, browser=browser)

    codes = at_once(30, try_one)

    assert codes.count(200) == 5
    assert codes.count(429) == 25
