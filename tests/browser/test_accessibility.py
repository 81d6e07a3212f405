"""Every state of every page is accessible, in all colours and widths of `look`.

The page of security passwords is in test_page_accessibility.py.

`--screenshots FOLDER` keeps a picture of each, for people to look at.
"""

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import Account
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


# --- before the sign-in ---------------------------------------------------------------


def test_the_chooser(visit: Visit, look: Look, four_sites: None) -> None:
    page = visit("/")
    expect(steps.heading(page, "Where is your mailbox?")).to_be_visible()
    look(page, "chooser")


def test_the_chooser_that_finds_by_domain(
    visit: Visit, look: Look, four_sites: None, settings: Settings
) -> None:
    settings.MAIL_SITES = [
        {**site, "domains": ["example.de"]} for site in settings.MAIL_SITES
    ]
    page = visit("/")
    page.get_by_label("Domain of your address").fill("example.de")
    steps.button(page, "Find my site").click()
    found = "Mailboxes of example.de are at"
    expect(page.get_by_role("status").filter(has_text=found)).to_be_focused()
    look(page, "chooser-found")

    page.goto("/?domain=example.org")
    expect(page.get_by_text("No site has said")).to_be_visible()
    look(page, "chooser-unknown")


def test_the_sign_in(
    visit: Visit, alice: Account, look: Look, settings: Settings, watch: Watch
) -> None:
    watch.expected |= {429}
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    page = visit("/login/")
    expect(steps.heading(page, "Sign in")).to_be_visible()
    page.get_by_text("Forgot it?").click()
    look(page, "sign-in")

    steps.sign_in(page, alice.address, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    look(page, "sign-in-wrong")

    steps.sign_in(page, alice.address, "wrong")
    expect(steps.heading(page, "Too many tries")).to_be_visible()
    look(page, "sign-in-too-many")


def test_the_second_step(visit: Visit, alice: Account, look: Look) -> None:
    TOTPDevice.objects.create(user=alice, name="default")
    page = visit("/login/")

    steps.sign_in(page, alice.address, factories.PASSWORD)
    expect(page.get_by_label("Code from your authenticator app")).to_be_visible()
    look(page, "second-step")

    page.get_by_label("Code from your authenticator app").fill("000000")
    steps.button(page, "Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The code is incorrect")
    look(page, "second-step-wrong")


# --- the shell ------------------------------------------------------------------------


def test_the_overview(visit: Visit, alice: Account, look: Look) -> None:
    page = visit("/", alice)
    expect(page.get_by_text("Mail programs use your web password")).to_be_visible()
    look(page, "overview")

    steps.button(page, "Settings").click()
    expect(steps.heading(page, "Quick settings")).to_be_visible()
    look(page, "quick-panel")


def test_the_overview_when_on(visit: Visit, alice: Account, look: Look) -> None:
    Account.objects.update(client_passwords_on=True)
    page = visit("/", alice)
    expect(page.get_by_text("Your mail programs need a security")).to_be_visible()
    look(page, "overview-none-yet")

    factories.make_client_password(alice)
    page.reload()
    expect(page.get_by_text("1 device signs in")).to_be_visible()
    look(page, "overview-on")


def test_the_general_settings(visit: Visit, alice: Account, look: Look) -> None:
    page = visit("/settings/", alice)
    expect(steps.heading(page, "General")).to_be_visible()
    look(page, "general")


# --- two-step sign-in, and what went wrong --------------------------------------------


def test_two_step_sign_in(
    visit: Visit, alice: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    page = visit("/settings/two-step/", alice)
    expect(steps.heading(page, "Two-step sign-in")).to_be_visible()
    look(page, "two-step-off")

    steps.link(page, "Set up an authenticator app").click()
    expect(steps.heading(page, "Set up two-step sign-in")).to_be_visible()
    look(page, "two-step-set-up")

    steps.button(page, "Next").click()
    page.get_by_text("I cannot scan it").click()
    expect(page.get_by_role("img", name="The key as a QR code")).to_be_visible()
    look(page, "two-step-key")

    page.get_by_label("Code from your authenticator app").fill("000000")
    page.get_by_label("Web password").fill("wrong")
    steps.button(page, "Next").click()
    expect(page.get_by_text("Entered token is not valid.")).to_be_visible()
    expect(page.get_by_text("Incorrect web password.")).to_be_visible()
    look(page, "two-step-wrong")


def test_two_step_sign_in_when_on(visit: Visit, alice: Account, look: Look) -> None:
    TOTPDevice.objects.create(user=alice, name="default")
    page = visit("/settings/two-step/", alice)
    expect(page.get_by_text("a code from your app")).to_be_visible()
    look(page, "two-step-on")

    page.goto("/settings/two-step/set-up/done/")
    expect(steps.heading(page, "Two-step sign-in is on")).to_be_visible()
    look(page, "two-step-done")

    page.goto("/settings/two-step/disable/")
    expect(steps.heading(page, "Turn off two-step sign-in?")).to_be_visible()
    look(page, "two-step-disable")


def test_the_pages_of_refusals(
    visit: Visit, alice: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {403, 404, 405}
    page = visit("/no/such/page/", alice)
    expect(steps.heading(page, "Page not found")).to_be_visible()
    look(page, "404")

    page.goto("/admin/")
    expect(steps.heading(page, "You do not have access to this page")).to_be_visible()
    look(page, "403")

    page.goto(f"{steps.NEW}code/")
    expect(steps.heading(page, "This page cannot be opened")).to_be_visible()
    look(page, "405")

    page.goto(f"{steps.WINDOWS}enable/")
    page.context.clear_cookies(name="csrf")
    steps.button(page, "Turn on").click()
    expect(steps.heading(page, "This page has expired")).to_be_visible()
    look(page, "403-csrf")
