"""While the host is moved: notices in the place of buttons, and a page that tells."""

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import Account
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

NOTICE = "Nothing can be changed for the moment"


def test_the_page_says_that_nothing_can_be_changed(
    visit: Visit, bob: Account, look: Look, settings: Settings
) -> None:
    settings.READ_ONLY = True
    row, _secret = factories.make_client_password(bob, "My iPhone")
    factories.make_client_password(bob, "Scanner, 3rd floor, next to the kitchen")
    page = visit(steps.AREA, bob)
    expect(page.get_by_text(NOTICE)).to_be_visible()
    expect(steps.switch(page)).to_have_count(0)
    look(page, "area-read-only")

    steps.link(page, "My iPhone").click()
    expect(page.get_by_text(NOTICE)).to_be_visible()
    look(page, "device-read-only")

    page.goto(f"{steps.WINDOWS}{row.pk}/delete/")
    expect(steps.window(page, NOTICE)).to_be_visible()
    look(page, "window-read-only")
    steps.link(page, "Back to the list").click()
    expect(steps.heading(page, "Account Security")).to_be_visible()


def test_a_page_of_before_says_so_when_it_is_sent(
    visit: Visit, bob: Account, look: Look, settings: Settings, watch: Watch
) -> None:
    watch.expected |= {503}
    row, _secret = factories.make_client_password(bob, "My iPhone")
    page = visit(f"{steps.WINDOWS}{row.pk}/delete/", bob)
    settings.READ_ONLY = True

    steps.button(page, "Delete").click()

    expect(steps.heading(page, NOTICE)).to_be_visible()
    look(page, "read-only")
    assert bob.client_passwords.live().exists()


def test_administrators_are_told_too(
    verified: Page, look: Look, settings: Settings
) -> None:
    settings.READ_ONLY = True
    verified.goto("/admin/")

    expect(verified.get_by_text(NOTICE)).to_be_visible()
    look(verified, "admin-read-only")
