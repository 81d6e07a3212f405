"""The web password: its owner changes it, and ends what was begun with the old one."""

from typing import Any

import pytest
from django.core import mail
from django.test import Client
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Cutoff
from accounts.notify import queue
from tests.factories import PASSWORD
from tests.signedin import sign_in_with_password
from tests.unit.support import is_signed_in

PAGE = "/settings/password/"
NEW = "a wholly different sentence"


def change(
    browser: Client, old: str = PASSWORD, new: str = NEW, again: str = ""
) -> Any:
    data = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return browser.post(PAGE, data)


@pytest.fixture
def other(alice: Account) -> Client:
    """Alice's other browser."""
    return sign_in_with_password(alice)


def test_it_is_changed_by_who_knows_it(browser: Client, alice: Account) -> None:
    assert change(browser).status_code == 302

    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_sessions_elsewhere_end_and_this_one_goes_on(
    browser: Client, other: Client
) -> None:
    assert is_signed_in(other)

    change(browser)

    assert is_signed_in(browser)
    assert not is_signed_in(other)


def test_mail_sessions_of_the_old_one_end(
    browser: Client, alice: Account, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/doveadm/v1"]

    change(browser)

    assert Cutoff.objects.get().login_mask == "alice@example.com"


def test_the_owner_is_told(browser: Client, alice: Account) -> None:
    change(browser)

    queue.deliver_due()

    assert mail.outbox[0].subject == "Your web password was changed"
    assert NEW not in mail.outbox[0].body


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"old": "wrong"}, "entered incorrectly"),
        ({"again": "another sentence"}, "match"),
        ({"new": "short"}, "at least 10 characters"),
        ({"new": "alice@example.com"}, "too similar"),
        ({"new": "password1234"}, "too common"),
    ],
)
def test_bad_ones_are_refused_with_the_reason(
    browser: Client, alice: Account, fields: dict[str, str], text: str
) -> None:
    response = change(browser, **fields)

    assert response.status_code == 422
    assert text in response.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_wrong_ones_are_counted_with_those_of_the_sign_in(
    clock: Traveller, browser: Client, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    change(browser, old="wrong")

    assert change(browser).status_code == 429


def test_the_owner_signs_out_everywhere_else(browser: Client, other: Client) -> None:
    response = browser.post("/settings/password/sessions/", follow=True)

    assert "signed out of the portal in all other browsers" in response.content.decode()
    assert is_signed_in(browser)
    assert not is_signed_in(other)
