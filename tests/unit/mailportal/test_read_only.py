"""While the host is moved, whoever posts changes nothing; READ_ONLY says that it is."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.apps import apps
from django.conf import settings as portal
from django.test import Client
from django.urls import resolve, reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Policy
from clientpasswords.setup import links
from mailportal.middleware import VIEWS_WITHOUT_CHANGES
from tests.factories import PASSWORD
from tests.unit.accounts.passkeysteps import post_json, type_code
from tests.unit.api.conftest import client_with, make_token
from tests.unit.mailportal.addresses import ALL, EVERY_ADDRESS, OPEN, POST_ONLY, address
from tests.unit.support import (
    HOME,
    code_for,
    is_signed_in,
    sign_in,
    text_of,
    totp_of,
)

pytestmark = [pytest.mark.usefixtures("read_only"), pytest.mark.one_database]

NOTICE = "Nothing can be changed for the moment"
INDEX = "/settings/account-security/"
WINDOWS = f"{INDEX}security-passwords/"


# All that is taken. Nothing else may be added without being looked at here.
TAKEN = {
    "two_factor:login",
    "accounts:passkey-begin",
    "accounts:passkey-sign-in",
    "accounts:sign-out",
    "admin:logout",
    "accounts:language",
    "accounts:appearance",
    "admin:first_steps",
    "discovery:autodiscover",
}
REFUSED = [each for each in EVERY_ADDRESS if resolve(each).view_name not in TAKEN]


def everything() -> dict[str, list[Any]]:
    """All rows of all tables."""
    tables = [model for model in apps.get_models() if model._meta.managed]
    rows = {table: table._base_manager.order_by("pk") for table in tables}
    return {table.__name__: list(each.values()) for table, each in rows.items()}


# --- what is refused ------------------------------------------------------------------


def test_the_addresses_that_are_walked_are_those_of_the_portal() -> None:
    found = {resolve(each).view_name for each in EVERY_ADDRESS}

    assert set(ALL) <= found
    assert found >= {"api:get_account", "admin:accounts_account_change"}
    assert found >= TAKEN == VIEWS_WITHOUT_CHANGES
    assert len(REFUSED) > 150


@pytest.fixture(params=["owner", "administrator", "stranger"])
def sender(
    request: pytest.FixtureRequest, browser: Client, administrator: Client
) -> Client:
    """Anybody's browser."""
    senders = {"owner": browser, "administrator": administrator, "stranger": Client()}
    return senders[request.param]


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_whatever_is_sent_is_refused_and_nothing_changed(
    sender: Client, phone: int, clock: Traveller, method: str
) -> None:
    sender.get("/")  # writes down when the session was seen
    before = everything()

    answers = {each: getattr(sender, method)(each) for each in REFUSED}

    wrong = {each: a.status_code for each, a in answers.items() if a.status_code != 503}
    assert not wrong
    assert {answer["Retry-After"] for answer in answers.values()} == {"600"}
    assert everything() == before


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_person_is_told_so_in_their_language(
    browser: Client, language: str, phone: int
) -> None:
    Account.objects.update(language=language)

    response = browser.post(f"{WINDOWS}{phone}/delete/")

    assert response.status_code == 503
    assert f'<html lang="{language}"' in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_a_form_of_long_ago_is_told_the_same(alice: Account) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    response = strict.post(reverse("clientpasswords:enable"))

    assert NOTICE in response.content.decode()
    assert response.status_code == 503


def test_a_program_is_told_so_as_programs_read_it(alice: Account) -> None:
    program = client_with(make_token())
    there = "/api/v1/accounts/alice@example.com"

    refused = program.patch(there, {"name": "A"}, content_type="application/json")

    assert refused.status_code == 503
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["Retry-After"] == "600"
    assert refused.json()["status"] == 503
    assert program.get(there).status_code == 200
    alice.refresh_from_db()
    assert alice.name == ""


def test_a_link_of_before_makes_no_password(
    alice: Account, phone: int, client: Client, settings: Settings
) -> None:
    settings.READ_ONLY = False
    offer = links.offer(alice, code=code_for(alice), attempt=uuid4(), by=HOME)
    settings.READ_ONLY = True

    page = text_of(client, reverse("links:scanned", args=[offer.token]))
    response = client.post("/i/", {"token": offer.token})

    assert NOTICE in page
    assert "<form" not in page.split("<main")[1].split("</main>")[0]
    assert response.status_code == 503
    assert alice.client_passwords.count() == 1


# --- what goes on ---------------------------------------------------------------------


def test_with_it_off_everything_is_taken(
    browser: Client, alice: Account, settings: Settings
) -> None:
    settings.READ_ONLY = False

    assert browser.post(reverse("clientpasswords:enable")).status_code == 302

    alice.refresh_from_db()
    assert alice.client_passwords_on
    assert NOTICE not in text_of(browser, INDEX)


def test_people_sign_in_and_out(client: Client, alice: Account) -> None:
    sign_in(client, "alice@example.com", PASSWORD)
    assert is_signed_in(client)

    assert client.post(reverse("accounts:sign-out")).status_code == 302

    assert not is_signed_in(client)


def test_people_sign_in_with_a_second_step(client: Client, alice: Account) -> None:
    device = TOTPDevice.objects.create(user=alice, name="default")

    type_code(client, totp_of(device))

    assert is_signed_in(client)


def test_people_are_asked_for_their_passkey(client: Client, alice: Account) -> None:
    options = post_json(client, "/login/passkey/begin/").json()
    answer = post_json(client, "/login/passkey/", {})

    assert options["rpId"] == "testserver"
    assert answer.status_code not in {403, 503}


def test_administrators_sign_out(administrator: Client) -> None:
    assert administrator.post(reverse("admin:logout")).status_code in {200, 302}
    assert administrator.get("/admin/").status_code == 302


def test_the_language_is_remembered_by_the_browser_alone(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(language="de")
    assert '<html lang="de"' in text_of(browser, INDEX)

    browser.post(reverse("accounts:language"), {"language": "zh-hans"})

    assert browser.cookies[portal.LANGUAGE_COOKIE_NAME].value == "zh-hans"
    assert '<html lang="zh-hans"' in text_of(browser, INDEX)
    alice.refresh_from_db()
    assert alice.language == "de"


def test_the_appearance_is_remembered(browser: Client) -> None:
    browser.post(reverse("accounts:appearance"), {"scheme": "dark"})

    assert 'data-scheme="dark"' in text_of(browser, INDEX)


def test_mail_programs_find_their_servers(client: Client, db: None) -> None:
    body = (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/'
        'outlook/requestschema/2006"><Request><EMailAddress>a@example.com'
        "</EMailAddress></Request></Autodiscover>"
    )

    answer = client.post(
        "/autodiscover/autodiscover.xml", body, content_type="text/xml"
    )

    assert answer.status_code == 200


# --- what pages say -------------------------------------------------------------------


OWN_PAGES = sorted(set(ALL) - POST_ONLY - set(OPEN))


@pytest.mark.parametrize("name", ["clientpasswords:index", "clientpasswords:device"])
@pytest.mark.parametrize("state", ["on", "off", "required", "limit", "no phone"])
def test_the_page_has_a_notice_in_the_place_of_its_buttons(
    browser: Client, alice: Account, phone: int, name: str, state: str
) -> None:
    Account.objects.update(client_passwords_on=state != "off")
    Policy.objects.update(
        client_passwords_required=state == "required",
        max_client_passwords=1 if state == "limit" else 10,
    )
    if state == "no phone":
        alice.phone.delete()

    page = text_of(browser, address(name, phone))

    assert page.count(NOTICE) == 1
    assert "Your mail programs keep working" in page
    assert "Phone" in page
    for gone in (
        "Generate New Password",
        "Connect a device",
        'role="switch"',
        ">Delete<",
        "Delete all",
        "Delete one that you no longer use",
        "I lost a device",
        "delete it?",
        "No phone number is on file",
        "Rename",
    ):
        assert gone not in page, gone


@pytest.mark.parametrize(
    "name", [each for each in OWN_PAGES if each.startswith("clientpasswords:")]
)
def test_no_page_or_window_has_a_form_that_is_refused(
    browser: Client, phone: int, name: str
) -> None:
    page = text_of(browser, address(name, phone))

    window = page.partition("<dialog")[2]
    assert not window or NOTICE in window.partition("</dialog>")[0]
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page)
    assert {resolve(each).view_name for each in forms} <= VIEWS_WITHOUT_CHANGES


def test_the_overview_leads_to_no_window(browser: Client) -> None:
    Account.objects.update(client_passwords_on=True)

    page = text_of(browser, "/")

    assert NOTICE in page
    assert f'href="{WINDOWS}' not in page


def test_administrators_read_it_on_every_page(administrator: Client) -> None:
    assert NOTICE in text_of(administrator, "/admin/")
    assert NOTICE in text_of(administrator, "/admin/accounts/account/")
