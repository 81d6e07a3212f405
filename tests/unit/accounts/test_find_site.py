"""Who does not know their site finds it by the domain; of mailboxes nothing is said."""

from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from accounts import sites
from accounts.models import Account
from tests.unit.support import text_of

HERE = {
    "key": "sg",
    "name": "Singapore",
    "url": "https://sg.example/",
    "domains": ["example.com"],
}
THERE = {
    "key": "de",
    "name": "Germany",
    "url": "https://de.example/",
    "domains": ["Example.DE"],
}
WRONG = "Incorrect address or password."


@pytest.fixture
def two_sites(settings: Settings) -> None:
    settings.MAIL_SITES, settings.MAIL_SITE = [HERE, THERE], "sg"


def sign_in(client: Client, address: str) -> str:
    form: dict[str, Any] = {
        "sign_in_view-current_step": "auth",
        "auth-username": address,
        "auth-password": "wrong",
    }
    return client.post("/login/", form).content.decode()


@pytest.mark.usefixtures("two_sites")
@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("example.de", "de"),
        (" EXAMPLE.de. ", "de"),
        ("bob@example.de", "de"),
        ("example.com", "sg"),
        ("example.org", None),
        ("", None),
        ("de", None),
    ],
)
def test_a_site_is_found_by_its_domain(typed: str, key: str | None) -> None:
    found = sites.find_site(typed)

    assert (found and found.key) == key


@pytest.mark.usefixtures("two_sites")
def test_the_choice_of_sites_finds_by_domain(client: Client) -> None:
    found = text_of(client, "/?domain=example.de")
    unknown = text_of(client, "/?domain=example.org")

    assert 'Mailboxes of example.de are at <a href="https://de.example/login/"' in found
    assert "No site has said that this domain is its own." in unknown


def test_without_domains_nothing_is_looked_for(
    client: Client, settings: Settings
) -> None:
    settings.MAIL_SITES = [
        {name: value for name, value in each.items() if name != "domains"}
        for each in (HERE, THERE)
    ]

    assert "Find my site" not in text_of(client, "/")


@pytest.mark.usefixtures("two_sites")
def test_the_wrong_site_says_where_the_domain_is_whoever_it_was(
    client: Client, alice: Account
) -> None:
    elsewhere = sign_in(client, "bob@example.de")
    known, unknown = (sign_in(client, f"{who}@example.com") for who in ("alice", "x"))

    assert "Mailboxes of example.de are at another site:" in elsewhere
    assert '<a href="https://de.example/login/">Germany</a>' in elsewhere
    assert WRONG not in elsewhere
    for page in (known, unknown):
        assert WRONG in page
        assert "are at another site" not in page


@pytest.mark.usefixtures("two_sites")
def test_what_was_typed_is_escaped(
    client: Client, alice: Account, settings: Settings
) -> None:
    settings.MAIL_SITES = [HERE, {**THERE, "domains": ["<b>"]}]

    assert "<b>" not in sign_in(client, "x@<b>").replace("<b></b>", "")
