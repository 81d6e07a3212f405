"""The pages of help say what is true for the reader."""

import re

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import Account, Policy
from clientpasswords.setup.clients import CLIENTS
from tests.factories import make_policy

KEYS = sorted(CLIENTS)


def page(client: Client, key: str) -> str:
    """The text of a page, without its markup."""
    response = client.get(f"/help/clients/{key}/")
    assert response.status_code == 200
    text = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", text)


def test_there_are_nine_programs(client: Client) -> None:
    index = client.get("/help/clients/").content.decode()

    assert len(KEYS) == 9
    for key in KEYS:
        assert f'href="/help/clients/{key}/"' in index


@pytest.mark.parametrize("key", KEYS)
def test_before_the_sign_in_a_page_has_the_servers_of_the_site(
    client: Client, key: str
) -> None:
    text = page(client, key)

    for host in ("imap.example.com", "pop.example.com", "smtp.example.com"):
        assert host in text
    assert "your full address" in text
    assert "@example.com" not in text.replace("postmaster@example.com", "")


@pytest.mark.parametrize("key", KEYS)
def test_after_the_sign_in_a_page_has_the_readers_address(
    browser: Client, key: str
) -> None:
    text = page(browser, key)

    assert "alice@example.com" in text
    assert "your full address" not in text


@pytest.mark.parametrize("key", KEYS)
def test_no_page_has_more_than_six_steps_in_a_list(client: Client, key: str) -> None:
    content = client.get(f"/help/clients/{key}/").content.decode()

    lists = re.findall(r'<ol class="steps">(.*?)</ol>', content, re.DOTALL)
    assert lists
    assert all(2 <= each.count("<li>") <= 6 for each in lists)


@pytest.mark.parametrize("key", KEYS)
def test_a_protocol_that_is_off_is_absent_and_said_so(
    browser: Client, alice: Account, key: str
) -> None:
    Policy.objects.update(imap=False)

    text = page(browser, key)

    assert "imap.example.com" not in text
    assert "pop.example.com" in text
    assert "IMAP is switched off for your mailbox." in text


def test_without_smtp_the_steps_make_way_for_the_table(
    browser: Client, alice: Account
) -> None:
    Policy.objects.update(smtp=False)

    text = page(browser, "outlook-classic")

    assert "Enter what the table shows and leave the rest empty." in text
    assert "Step by step" not in text
    assert "smtp.example.com" not in text


def test_where_mail_programs_may_not_connect_no_server_is_shown(
    client: Client, alice: Account
) -> None:
    alice.policy = make_policy("Closed", third_party_logon=False)
    alice.save()
    client.force_login(alice)

    text = page(client, "iphone")

    assert "Mail programs cannot connect to your mailbox" in text
    assert "imap.example.com" not in text


def test_a_site_without_servers_has_pages_all_the_same(
    client: Client, settings: Settings
) -> None:
    settings.MAIL_SITES = []

    assert "Is the account already set up?" in page(client, "iphone")


def test_only_who_needs_a_security_password_is_told_to_make_one(
    browser: Client, alice: Account
) -> None:
    assert "create a security password" not in page(browser, "foxmail")

    Account.objects.update(client_passwords_on=True)

    assert "create a security password" in page(browser, "foxmail")


@pytest.mark.parametrize("key", ["outlook-new", "outlook-mobile"])
def test_programs_that_sign_in_from_elsewhere_are_told_as_such(
    client: Client, key: str
) -> None:
    assert "data centres of Microsoft" in page(client, key)
    assert "data centres" not in page(client, "outlook-classic")


@pytest.mark.parametrize("key", ["nokia", "index", "..", "client", "_way_back"])
def test_an_unknown_program_is_not_found(browser: Client, key: str) -> None:
    response = browser.get(f"/help/clients/{key}/")

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
