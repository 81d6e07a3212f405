"""Pages of errors keep bar, settings and language; those of outages ask nothing."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings
from time_machine import Traveller

from accounts.models import Account
from tests.factories import PASSWORD
from tests.signedin import sign_in_with_password

NEW = reverse("clientpasswords:new")
SHELL = 'id="quick-settings"'
CHOICE = 'name="language"'
BACK = "Back to security passwords"


def ask(client: Client, status: int) -> str:
    """Return the page of an error, brought about as a person would."""
    match status:
        case 400:
            response = client.get("/", headers={"Host": "a.host.not.allowed"})
        case 403:
            response = client.get("/admin/", follow=True)
        case 404:
            response = client.get("/no/such/page/")
        case 405:
            response = client.get(reverse("clientpasswords:code"))
        case 410:
            response = client.get(reverse("links:scanned", args=["old"]))
        case _:  # 419, of a form of an old page: 403, too
            client.handler.enforce_csrf_checks = True
            response = client.post(reverse("accounts:password"))
    assert response.status_code == {419: 403}.get(status, status)
    return response.content.decode()


@pytest.mark.parametrize("status", [403, 404, 405, 410, 419])
def test_who_is_signed_in_keeps_bar_settings_and_language(
    browser: Client, status: int
) -> None:
    page = ask(browser, status)

    assert SHELL in page
    assert CHOICE in page
    assert BACK in page
    assert "Sign out" in page


@pytest.mark.parametrize("status", [404, 410, 419])
def test_who_is_not_signed_in_can_choose_the_language(
    client: Client, db: None, status: int
) -> None:
    page = ask(client, status)

    assert SHELL not in page
    assert CHOICE in page
    assert BACK not in page


def test_too_many_tries_keep_the_shell(
    clock: Traveller, alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    browser = sign_in_with_password(alice)
    form = {
        "old_password": "wrong",
        "new_password1": f"{PASSWORD}!",
        "new_password2": f"{PASSWORD}!",
    }
    for _ in range(2):
        browser.post(reverse("accounts:password"), form)
    response = browser.post(reverse("accounts:password"), form)

    assert response.status_code == 429
    assert SHELL in response.content.decode()


def test_a_refused_request_asks_nothing_of_the_database(
    browser: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        page = ask(browser, 400)

    assert SHELL not in page


def test_while_nothing_can_be_changed_the_answer_has_no_shell(
    browser: Client, settings: Settings
) -> None:
    settings.READ_ONLY = True

    response = browser.post(reverse("accounts:mails"))

    assert response.status_code == 503
    assert SHELL not in response.content.decode()
