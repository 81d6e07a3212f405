"""While the host is moved, pages say so in the place of their buttons."""

import re

import pytest
from django.test import Client
from django.urls import resolve

from accounts.models import Account, Policy
from mailportal.middleware import CHANGES_NOTHING
from tests.unit.mailportal.addresses import ALL, OPEN, POST_ONLY, address
from tests.unit.support import text_of

pytestmark = pytest.mark.usefixtures("read_only")

NOTICE = "Nothing can be changed for the moment"
WINDOWS = "/settings/account-security/security-passwords/"


OWN_PAGES = sorted(set(ALL) - POST_ONLY - set(OPEN))


@pytest.mark.parametrize("name", ["clientpasswords:index", "clientpasswords:device"])
@pytest.mark.parametrize("state", ["on", "off", "required", "limit", "no phone"])
def test_the_area_has_a_notice_in_the_place_of_its_buttons(
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
    assert "Your mail programs go on working" in page
    assert "Phone" in page
    for gone in (
        "Generate New Password",
        "Set up an iPhone or iPad",
        'role="switch"',
        ">Delete<",
        "Delete all",
        "Delete one you no longer use",
        "I lost a device",
        "delete this one?",
        "No phone number is on file",
        "Rename",
    ):
        assert gone not in page, gone


@pytest.mark.parametrize(
    "name", [each for each in OWN_PAGES if each.startswith("clientpasswords:")]
)
def test_no_page_or_window_of_the_area_has_a_form_that_is_refused(
    browser: Client, phone: int, name: str
) -> None:
    page = text_of(browser, address(name, phone))

    window = page.partition("<dialog")[2]
    assert not window or NOTICE in window.partition("</dialog>")[0]
    forms = re.findall(r'<form[^>]*method="post"[^>]*action="([^"]+)"', page)
    assert {resolve(each).view_name for each in forms} <= CHANGES_NOTHING


def test_the_overview_leads_to_no_window(browser: Client) -> None:
    Account.objects.update(client_passwords_on=True)

    page = text_of(browser, "/")

    assert NOTICE in page
    assert f'href="{WINDOWS}' not in page


def test_administrators_read_it_on_every_page(administrator: Client) -> None:
    assert NOTICE in text_of(administrator, "/admin/")
    assert NOTICE in text_of(administrator, "/admin/accounts/account/")
