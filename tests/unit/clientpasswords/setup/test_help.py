"""The pages of help say what is true for the reader."""

import re

import pytest
from django.test import Client
from django.utils.formats import date_format
from django.utils.translation import override
from pytest_django import Settings

from accounts.models import Account, Policy
from clientpasswords.setup.clients import (
    ANDROID,
    CLIENTS,
    IPHONE,
    LINUX,
    MAC,
    WINDOWS,
)
from mailportal.menus import SEPARATOR
from tests.factories import make_policy

KEYS = sorted(CLIENTS)
FIELD = re.compile(r"<dt>([^<]+)</dt>\s*<dd[^>]*>(.*?)</dd>", re.DOTALL)
VALUE = re.compile(r'<code translate="no">([^<]+)</code>\s*<button[^>]*data-copy=""')


# How a page says, in each language, when it was checked against which versions.
VERSIONS = {
    "en": r"(?:Checked|Written) in (\w+ \d{4}) (?:against|for): (.*)",
    "de": r"Im (\w+ \d{4}) (?:geprüft mit|geschrieben für): (.*)",
    "zh-hans": "(?:核对|适用)版本\uff08(\\d{4}年\\d+月)\uff09\uff1a(.*)",
    "zh-hant": "(?:核對|適用)版本\uff08(\\d{4}年\\d+月)\uff09\uff1a(.*)",
}

# What a program shows in the place of these words.
SIGNS = {"Menu": "menu", "Settings": "settings", "Profile picture": "circle-user"}


def get_html(client: Client, key: str, language: str = "en") -> str:
    languages = {"Accept-Language": language}
    response = client.get(f"/help/clients/{key}/", headers=languages)
    assert response.status_code == 200
    return response.content.decode()


def page(client: Client, key: str, language: str = "en") -> str:
    """The text of a page, without its markup."""
    text = re.sub(r"<[^>]+>", " ", get_html(client, key, language))
    return re.sub(r"\s+", " ", text)


def read_form(client: Client, key: str) -> list[tuple[str, str]]:
    """Return the fields of the drawn form, with what is entered there."""
    html = get_html(client, key)
    assert html.count('<div class="sketch">') == 1
    drawing = html.partition('<div class="sketch">')[2].partition("</li>")[0]
    return FIELD.findall(drawing)


def test_every_program_is_in_the_index(client: Client) -> None:
    index = client.get("/help/clients/").content.decode()

    assert KEYS
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
@pytest.mark.parametrize("language", VERSIONS)
def test_a_page_says_when_it_was_checked_and_against_which_versions(
    client: Client, key: str, language: str
) -> None:
    html = get_html(client, key, language)

    lines = re.findall(r'<p class="quiet">(.*?)</p>', html, re.DOTALL)
    match = re.fullmatch(VERSIONS[language], re.sub(r"\s+", " ", lines[-1]).strip())
    assert match
    with override(language):
        assert match[1] == date_format(CLIENTS[key].as_of, "YEAR_MONTH_FORMAT")
    assert re.fullmatch(r"[A-Za-z][^:]*\d.*", match[2])


def test_a_page_that_was_only_written_does_not_say_checked(client: Client) -> None:
    for key in KEYS:
        assert ("Checked in" in page(client, key)) is CLIENTS[key].checked
        assert ("Written in" in page(client, key)) is not CLIENTS[key].checked


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("language", VERSIONS)
def test_the_way_to_the_form_is_written_and_drawn(
    client: Client, key: str, language: str
) -> None:
    html = get_html(client, key, language)

    (path,) = re.findall(r'<div class="menus" role="img" aria-label="([^"]+)"', html)
    labels = path.split(SEPARATOR)
    assert f"<b>{path}</b>" in html
    assert len(labels) >= 2
    assert re.findall(r'"menu-title">(?:<svg.*?</svg> )?([^<]+)<', html) == labels[:-1]
    entries = re.findall(r'"menu-entry">([^<]+)<', html)
    assert [entry.strip() for entry in entries] == labels[1:]


@pytest.mark.parametrize("key", KEYS)
def test_each_value_of_the_drawn_form_is_the_readers_and_can_be_copied(
    browser: Client, key: str
) -> None:
    fields = read_form(browser, key)
    values = [value for _name, cell in fields for value in VALUE.findall(cell)]

    incoming = ["imap.example.com", "993", "SSL/TLS", "alice@example.com"]
    outgoing = ["smtp.example.com", "465", "SSL/TLS", "alice@example.com"]
    short = incoming[::3] + outgoing[::3]
    assert values in (incoming + outgoing, short)
    assert [name for name, cell in fields if not VALUE.search(cell)] == ["Password"] * 2


@pytest.mark.parametrize("key", KEYS)
def test_no_encryption_is_said_in_the_readers_language(
    browser: Client, alice: Account, settings: Settings, key: str
) -> None:
    Account.objects.update(language="de")
    settings.MAIL_SITES = [
        {
            name: {**value, "security": "none"} if isinstance(value, dict) else value
            for name, value in site.items()
        }
        for site in settings.MAIL_SITES
    ]

    text = page(browser, key)

    assert "Keine" in text
    assert "none" not in text.lower()


@pytest.mark.parametrize("key", KEYS)
def test_a_menu_that_a_program_opens_by_a_sign_is_drawn_with_it(
    client: Client, key: str
) -> None:
    html = get_html(client, key)

    titles = re.findall(r'"menu-title">(?:<svg.*?#(.+?)".*?</svg> )?([^<]+)<', html)

    assert [sign for sign, _title in titles] == [
        SIGNS.get(title, "") if not number else ""
        for number, (_sign, title) in enumerate(titles)
    ]


def test_nobody_is_left_with_a_lone_button_to_sign_in(client: Client) -> None:
    for address in ["/help/clients/", *(f"/help/clients/{key}/" for key in KEYS)]:
        html = client.get(address).content.decode()
        assert ">Sign in</a>\n</p>" not in html
        assert "Go to security passwords" in html


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


def test_where_programs_can_only_send_the_steps_make_way_for_the_table(
    browser: Client, alice: Account
) -> None:
    Policy.objects.update(imap=False, pop3=False)

    text = page(browser, "outlook-classic")

    assert "Enter what the table shows and leave the rest empty." in text
    assert "Step by step" not in text
    assert "smtp.example.com" in text
    assert "imap.example.com" not in text


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
    text = page(client, key)

    assert "data centres of Microsoft" in text
    assert "If you do not want that, choose another program." in text
    assert "data centres" not in page(client, "outlook-classic")


# What each maker has a program for.
PLATFORMS = {
    "Apple Mail": {IPHONE, MAC},
    "Outlook": {IPHONE, ANDROID, MAC, WINDOWS},
    "Foxmail": {MAC, WINDOWS},
    "Thunderbird": {ANDROID, MAC, WINDOWS, LINUX},
    "Gmail": {IPHONE, ANDROID},
    "Samsung Email": {ANDROID},
    "eM Client": {MAC, WINDOWS},
    "Mail Master": {IPHONE, ANDROID, MAC, WINDOWS},
}
PAGES_OF = {"Apple Mail": ["iphone", "mac"]}


def pages_of(program: str) -> list[str]:
    """The pages about the program, whatever it runs on."""
    named = [key for key, each in CLIENTS.items() if program in str(each.name)]
    return PAGES_OF.get(program, named)


def test_every_page_is_about_one_of_the_programs() -> None:
    assert sorted(key for program in PLATFORMS for key in pages_of(program)) == KEYS


@pytest.mark.parametrize("language", VERSIONS)
@pytest.mark.parametrize(
    ("program", "platform"),
    [(name, each) for name, all_of_it in PLATFORMS.items() for each in all_of_it],
)
def test_every_program_has_steps_on_every_platform(
    client: Client, program: str, platform: str, language: str
) -> None:
    keys = [key for key in pages_of(program) if platform in CLIENTS[key].runs_on]
    assert keys

    for key in keys:
        html = get_html(client, key, language)
        steps = html.rpartition('<ol class="steps">')[2].partition("</ol>")[0]
        assert steps.count("<li>") >= 3, key


@pytest.mark.parametrize("key", KEYS)
def test_a_program_is_offered_where_it_runs_and_nowhere_else(key: str) -> None:
    of_makers = [
        platforms for name, platforms in PLATFORMS.items() if key in pages_of(name)
    ]

    assert CLIENTS[key].runs_on <= set().union(*of_makers)


@pytest.mark.parametrize("key", KEYS)
def test_where_a_program_may_sign_in_from_elsewhere_its_page_says_how_to_see_it(
    client: Client, key: str
) -> None:
    perhaps = CLIENTS[key].perhaps

    found = re.findall("shows addresses of (.*?),", page(client, key))

    assert found == ([perhaps] if perhaps else [])


@pytest.mark.parametrize("key", ["nokia", "index", "..", "client", "_way_back"])
def test_an_unknown_program_is_not_found(browser: Client, key: str) -> None:
    response = browser.get(f"/help/clients/{key}/")

    assert response.status_code == 404
    assert "Page not found" in response.content.decode()
