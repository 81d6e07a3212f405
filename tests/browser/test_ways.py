"""The same job without scripts, by the keyboard, on small screens, in large text."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import DESKTOP, PHONE
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


def do_the_whole_job(page: Page, look: Callable[[Page], None]) -> None:
    """From the sign-in to switching off again; `look` at each page on the way."""
    look(page)
    page.get_by_label("Full address").fill("alice@example.com")
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Sign in").click()
    expect(steps.heading(page, "alice@example.com")).to_be_visible()
    look(page)
    steps.button(page, "Settings").click()
    look(page)
    steps.link(page, "View More Settings").click()
    expect(steps.heading(page, "General")).to_be_visible()
    look(page)
    steps.link(page, "Account Security").click()
    steps.turn_on(page)
    look(page)
    steps.generate(page)
    look(page)
    # By hand, which is how it goes without scripts, too.
    page.locator("output").click()
    page.keyboard.press("Control+C")
    steps.name_device(page, "W" * 64)
    look(page)
    steps.delete(page, "W" * 64)
    look(page)
    steps.turn_off(page)
    look(page)


def ignore(page: Page) -> None:
    """Look at nothing in particular."""


def test_the_whole_job_works_without_scripts(visit: Visit, alice: Account) -> None:
    page = visit("/login/", java_script_enabled=False)

    do_the_whole_job(page, ignore)

    assert not alice.client_passwords.live().exists()


def test_without_scripts_a_window_is_the_first_thing_on_the_page(
    visit: Visit, bob: Account
) -> None:
    page = visit(steps.NEW, bob, width=PHONE, java_script_enabled=False)

    window = steps.window(page, "Identity authentication")
    expect(window).to_be_in_viewport()
    expect(steps.heading(page, "Account Security").first).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)


def test_the_whole_job_fits_320_pixels(visit: Visit, alice: Account) -> None:
    page = visit("/login/", width=320)

    do_the_whole_job(page, steps.no_scrolling_sideways)


def test_the_windows_fit_320_pixels(visit: Visit, alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    page = visit(steps.NEW, alice, width=320)
    steps.no_scrolling_sideways(page)

    steps.type_code(page, steps.get_code(page))
    steps.shown(page)
    for fold in ("Spell it out", "Server settings"):
        page.get_by_text(fold).first.click()
    steps.no_scrolling_sideways(page)


@pytest.mark.parametrize("width", [DESKTOP, 640])
def test_the_whole_job_works_with_text_twice_as_large(
    visit: Visit, alice: Account, large_browser: Browser, width: int
) -> None:
    page = visit("/login/", browser=large_browser, width=width)
    assert page.evaluate("getComputedStyle(document.body).fontSize") == "32px"

    do_the_whole_job(page, steps.no_scrolling_sideways)


# --- by the keyboard alone ------------------------------------------------------------


def has_focus(target: Locator) -> bool:
    return bool(target.evaluate("each => each === document.activeElement"))


def tab_to(page: Page, target: Locator, most: int = 40) -> None:
    """Press Tab until `target` has the focus."""
    expect(target).to_be_visible()
    for _ in range(most):
        if has_focus(target):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached by Tab")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    """Go to `target` by Tab and press `key` there."""
    tab_to(page, target)
    page.keyboard.press(key)


def test_the_whole_job_works_by_the_keyboard(visit: Visit, alice: Account) -> None:
    page = visit("/", alice)
    press(page, steps.button(page, "Settings"))
    press(page, steps.link(page, "View More Settings"))
    press(page, steps.link(page, "Account Security"))

    expect(steps.heading(page, "Account Security")).to_be_visible()
    press(page, steps.switch(page), "Space")
    press(page, steps.button(page, "Turn on"))
    expect(page.get_by_role("status").first).to_be_focused()
    press(page, steps.link(page, "Generate New Password"))
    press(page, steps.button(page, "Get Dynamic Captcha"))

    expect(page.get_by_label("Dynamic Captcha")).to_be_focused()
    page.keyboard.type(steps.last_code())
    page.keyboard.press("Enter")
    steps.shown(page)
    press(page, steps.button(page, "Copy"))
    tab_to(page, page.get_by_label("Device"))
    page.keyboard.press("Control+A")
    page.keyboard.type("Laptop of Alice")
    page.keyboard.press("Enter")

    press(page, steps.link(page, "Delete Laptop of Alice"))
    expect(steps.link(page, "Cancel")).to_be_focused()
    press(page, steps.button(page, "Delete"))
    expect(steps.device(page, "Laptop of Alice")).to_be_hidden()
    press(page, steps.switch(page), "Space")
    press(page, steps.button(page, "Get Dynamic Captcha"))
    expect(page.get_by_label("Dynamic Captcha")).to_be_focused()
    page.keyboard.type(steps.last_code())
    press(page, steps.button(page, "OK"))
    expect(steps.switch(page)).not_to_be_checked()


def test_the_first_tab_skips_to_the_content(visit: Visit, alice: Account) -> None:
    page = visit(steps.AREA, alice)

    page.keyboard.press("Tab")
    expect(steps.link(page, "Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")

    expect(steps.switch(page)).to_be_focused()


def test_tab_stays_in_the_window(visit: Visit, alice: Account) -> None:
    page = visit(f"{steps.WINDOWS}enable/", alice)
    expect(steps.heading(page, "Turn on security passwords?")).to_be_focused()

    outside = """() => document.activeElement !== document.body
        && !document.activeElement.closest("dialog")"""
    for _ in range(6):
        page.keyboard.press("Tab")
        assert not page.evaluate(outside)


def test_escape_closes_a_window_and_leads_back_to_the_list(
    visit: Visit, alice: Account
) -> None:
    page = visit(steps.AREA, alice)
    steps.switch(page).click()
    expect(page.locator("dialog:modal")).to_be_visible()  # the script is there

    page.keyboard.press("Escape")

    page.wait_for_url(f"**{steps.AREA}#third-party")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(steps.switch(page)).not_to_be_checked()
