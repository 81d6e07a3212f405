"""What is around the page: the sign-in, the quick panel, language and appearance."""

import re

import pytest
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import PHONE, find_print_faults
from tests.browser.watch import Watch
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser

LANGUAGES = ["English", "简体中文", "繁體中文", "Deutsch"]


@pytest.mark.parametrize("address", ["alice@example.com", "nobody@example.com"])
def test_the_sign_in_does_not_say_which_half_was_wrong(
    visit: Visit, alice: Account, address: str
) -> None:
    page = visit("/login/")

    steps.sign_in(page, address, "not the password")

    alert = page.get_by_role("alert")
    expect(alert).to_have_text("Incorrect address or password.")
    expect(alert).to_be_focused()
    expect(page.get_by_label("Full address")).to_have_value(address)
    expect(page.get_by_label("Web password")).to_have_value("")


def test_too_many_wrong_passwords_say_how_long_to_wait(
    visit: Visit, alice: Account, settings: Settings, watch: Watch
) -> None:
    watch.expected |= {429}
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    page = visit("/login/")

    steps.sign_in(page, alice.address, "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    steps.sign_in(page, alice.address, PASSWORD)

    expect(steps.heading(page, "Too many tries")).to_be_visible()
    expect(page.get_by_text(re.compile(r"paused for \d+ minutes?"))).to_be_visible()


def test_a_deep_link_is_reached_after_the_sign_in(visit: Visit, alice: Account) -> None:
    page = visit(steps.AREA)

    steps.sign_in(page, alice.address, PASSWORD)

    expect(steps.switch(page)).to_be_visible()


def test_signing_out_ends_the_session(
    visit: Visit, alice: Account, four_sites: None
) -> None:
    page = visit("/", alice)

    steps.button(page, "Settings").click()
    steps.button(page, "Sign out").click()
    expect(steps.heading(page, "Where is your mailbox?")).to_be_visible()
    page.goto(steps.AREA)

    expect(steps.heading(page, "Sign in")).to_be_visible()


def test_the_quick_panel_closes_by_escape_and_by_a_click_beside_it(
    visit: Visit, alice: Account
) -> None:
    page = visit("/", alice)
    panel = page.get_by_role("region", name="Quick settings")

    steps.button(page, "Settings").click()
    expect(panel).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(steps.button(page, "Settings")).to_be_focused()
    steps.button(page, "Settings").click()
    expect(panel).to_be_visible()
    page.mouse.click(5, 800)

    expect(panel).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_nothing_stands_out_of_the_quick_panel(
    visit: Visit, bob: Account, language: str
) -> None:
    bob.language = language
    bob.save()
    page = visit("/settings/account-security/", bob, width=PHONE)

    page.locator("[popovertarget]").first.click()

    state = page.locator(".panel-links a").first
    assert state.evaluate("each => each.scrollWidth - each.clientWidth") <= 0


@pytest.mark.parametrize("scripts", [True, False])
def test_the_quick_panel_changes_the_language_of_the_page_that_is_open(
    visit: Visit, alice: Account, *, scripts: bool
) -> None:
    page = visit(steps.AREA, alice, java_script_enabled=scripts)
    expect(page.locator("html")).to_have_attribute("lang", "en")

    steps.button(page, "Settings").click()
    languages = page.get_by_role("group", name="Language").get_by_role("button")
    expect(languages).to_have_text(LANGUAGES)
    steps.button(page, "Deutsch").click()

    expect(page.locator("html")).to_have_attribute("lang", "de")
    assert page.url.endswith(steps.AREA)
    alice.refresh_from_db()
    assert alice.language == "de"


@pytest.mark.parametrize(
    ("name", "code"), [("简体中文", "zh-hans"), ("繁體中文", "zh-hant")]
)
def test_the_language_is_chosen_before_the_sign_in_as_well(
    visit: Visit, name: str, code: str
) -> None:
    page = visit("/login/")

    steps.button(page, name).click()

    expect(page.locator("html")).to_have_attribute("lang", code)
    chosen = steps.button(page, name)
    expect(chosen).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize("scripts", [True, False])
def test_the_server_sends_the_chosen_appearance_so_that_nothing_flashes(
    visit: Visit, alice: Account, *, scripts: bool
) -> None:
    page = visit(steps.AREA, alice, java_script_enabled=scripts, color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)

    steps.button(page, "Settings").click()
    with page.expect_response(f"**{steps.AREA}") as caught:
        steps.button(page, "Dark").click()

    assert 'data-scheme="dark"' in caught.value.text()
    expect(page.locator("html")).to_have_attribute("data-scheme", "dark")
    assert page.evaluate(background) != light
    page.goto("/settings/")
    dark = page.get_by_role("main").get_by_role("button", name="Dark")
    expect(dark).to_have_attribute("aria-pressed", "true")
    page.get_by_role("main").get_by_role("button", name="System").click()
    expect(page.locator("html")).to_have_attribute("data-scheme", "")
    assert page.evaluate(background) == light


# --- on paper: `look` checks it in each state of each page ----------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/help/clients/",
        "/help/clients/iphone/",
        "/settings/",
        "/settings/password/",
        "/settings/phone/",
        "/settings/two-step/",
        steps.AREA,
        f"{steps.WINDOWS}enable/",
        f"{steps.WINDOWS}sign-ins/",
    ],
)
def test_a_page_prints_dark_on_white_over_the_whole_width(
    visit: Visit, alice: Account, path: str
) -> None:
    assert find_print_faults(visit(path, alice)) == []
