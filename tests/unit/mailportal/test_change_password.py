"""Password managers find where the web password is changed."""

import pytest
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

ASKED = "/.well-known/change-password"
# What they ask first: a site that has every address cannot be believed.
NOT_THERE = (
    "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
)


def test_they_are_led_to_the_page(browser: Client) -> None:
    answer = browser.get(ASKED)

    assert (answer.status_code, answer["Location"]) == (302, "/settings/password/")
    assert browser.get(answer["Location"]).status_code == 200


def test_who_is_signed_out_gets_there_by_the_sign_in(client: Client) -> None:
    answer = client.get(ASKED, follow=True)

    asked = f"{reverse('two_factor:login')}?next={reverse('accounts:password')}"
    assert answer.redirect_chain[-1] == (asked, 302)


@pytest.mark.parametrize("page", [NOT_THERE, f"{ASKED}/"])
def test_what_is_not_there_is_said_not_to_be_there(
    client: Client, browser: Client, page: str
) -> None:
    assert client.get(page).status_code == 404
    assert browser.get(page).status_code == 404
