"""A device is set up without typing."""

import plistlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import PHONE, Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/605.1"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/605.1"


def password_in(path: Path) -> str:
    """The password in a configuration profile."""
    (mail,) = plistlib.loads(path.read_bytes())["PayloadContent"]
    return str(mail["IncomingPassword"])


def take_profile(page: Page) -> str:
    """Press the button; return the password in the file that is downloaded."""
    with page.expect_download() as caught:
        steps.button(page, "Install the profile").click()
    assert caught.value.suggested_filename == "mail.mobileconfig"
    return password_in(caught.value.path())


@pytest.mark.parametrize("scripts", [True, False])
def test_an_iphone_takes_its_profile_from_the_page_with_the_password(
    visit: Visit, bob: Account, *, scripts: bool
) -> None:
    page = visit(
        steps.NEW, bob, width=PHONE, user_agent=IPHONE, java_script_enabled=scripts
    )
    secret = steps.issue(page)

    assert take_profile(page) == secret

    # Whoever has it in the profile need not copy it, and is not asked.
    steps.button(page, "OK").click()
    expect(steps.device(page, "My iPhone")).to_be_visible()
    assert steps.opens(bob, secret)


def test_the_page_with_the_password_on_a_mac(
    visit: Visit, bob: Account, look: Look
) -> None:
    page = visit(steps.NEW, bob, user_agent=MAC)
    steps.issue(page)
    expect(page.get_by_text("Setting up this Mac or iPad?")).to_be_visible()
    look(page, "reveal-mac")


def test_the_page_with_the_password_on_an_iphone(
    visit: Visit, bob: Account, look: Look
) -> None:
    page = visit(steps.NEW, bob, user_agent=IPHONE)
    steps.issue(page)
    look(page, "reveal-iphone")


def test_thunderbird_on_a_phone_has_a_code_to_scan(
    visit: Visit, bob: Account, look: Look
) -> None:
    page = visit(steps.NEW, bob)
    steps.issue(page)

    page.get_by_role("dialog").get_by_text("Thunderbird for Android").first.click()

    code = page.get_by_role("img", name="The account with its password as a QR code")
    expect(code).to_be_in_viewport()
    box = code.locator("svg").bounding_box()
    assert box is not None
    assert box["width"] >= 3 * 73  # three pixels a module
    look(page, "reveal-thunderbird")
    page.evaluate("""dispatchEvent(new PageTransitionEvent("pagehide"))""")
    expect(code.locator("path")).to_have_count(0)


def test_a_page_that_was_open_for_too_long_brings_no_profile(
    visit: Visit, bob: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {409}
    page = visit(steps.NEW, bob, user_agent=IPHONE)
    steps.issue(page)
    page.locator("[name=sealed]").evaluate("each => { each.value = 'too old' }")

    steps.button(page, "Install the profile").click()

    window = steps.window(page, "No profile can be made any more")
    expect(window).to_be_visible()
    look(page, "no-profile")
