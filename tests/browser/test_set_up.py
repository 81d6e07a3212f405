"""A device is set up without typing."""

import plistlib
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, Route, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from clientpasswords import replacing
from clientpasswords.setup import links
from tests import factories
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


@pytest.fixture
def here(settings: Settings, live_server: LiveServer) -> None:
    """Links lead to the server of the test."""
    own = next(site for site in settings.MAIL_SITES if site["key"] == "sg")
    settings.MAIL_SITES = [{**own, "url": f"{live_server.url}/"}]


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


@pytest.mark.parametrize("scripts", [True, False])
def test_an_iphone_is_set_up_on_itself_in_four_clicks(
    visit: Visit, bob: Account, *, scripts: bool
) -> None:
    page = visit(
        steps.AREA, bob, width=PHONE, user_agent=IPHONE, java_script_enabled=scripts
    )

    steps.link(page, "Set up this device").click()
    steps.type_code(page, steps.get_code(page))

    window = steps.window(page, steps.SHOWN)
    expect(window.locator(".button-primary:visible")).to_have_text(
        "Install the profile"
    )
    expect(steps.button(page, "Install the profile")).to_be_in_viewport()
    expect(page.locator("output")).to_be_hidden()
    secret = page.locator("output").text_content() or ""
    assert take_profile(page) == secret
    assert steps.opens(bob, secret)


@pytest.mark.parametrize("agent", [IPHONE, MAC])
def test_ok_asks_before_a_profile_that_was_not_installed_is_lost(
    visit: Visit, bob: Account, agent: str
) -> None:
    page = visit(steps.NEW, bob, user_agent=agent)
    steps.type_code(page, steps.get_code(page))
    expect(steps.window(page, steps.SHOWN)).to_be_visible()

    steps.button(page, "OK").click()

    asked = "You have neither installed the profile nor copied the password."
    expect(page.get_by_text(asked)).to_be_visible()
    take_profile(page)
    expect(page.get_by_text(asked)).to_be_hidden()
    steps.button(page, "OK").click()
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
def test_an_iphone_is_replaced_by_a_code_that_it_scans_from_the_desktop(
    visit: Visit, here: None, bob: Account, look: Look, *, scripts: bool
) -> None:
    old, old_secret = factories.make_client_password(bob, "My iPhone")
    page = visit(steps.AREA, bob, java_script_enabled=scripts)

    steps.link(page, "Replace My iPhone").click()
    program = page.get_by_label("Where will you use it?")
    expect(program.locator("option:checked")).to_have_text("iPhone and iPad")
    steps.type_code(page, steps.get_code(page))
    expect(page.get_by_role("img", name="The link as a QR code")).to_be_visible()
    address = page.locator("#link").text_content() or ""
    if scripts:
        look(page, "replace-by-scan")
    phone = visit(address, width=PHONE, user_agent=IPHONE, java_script_enabled=scripts)
    expect(phone.get_by_text("takes the place of the password of")).to_be_visible()
    secret = take_profile(phone)

    assert steps.opens(bob, secret)
    assert steps.opens(bob, old_secret)
    factories.make_usage(bob.client_passwords.get(replaces=old))
    replacing.delete_replaced()
    assert not steps.opens(bob, old_secret)
    page.goto(steps.AREA)
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()
    expect(steps.device(page, "My iPhone")).to_be_visible()


def test_another_program_is_connected_with_its_steps_in_five_clicks(
    visit: Visit, bob: Account
) -> None:
    page = visit(steps.AREA, bob)

    steps.link(page, "Connect a device").click()
    page.get_by_label("Where will you use it?").select_option("Foxmail")
    steps.type_code(page, steps.get_code(page))

    expect(page.get_by_text("Foxmail may call it authorisation code")).to_be_visible()
    secret = steps.shown(page)
    steps.button(page, "Copy").click()
    steps.button(page, "OK").click()
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()
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

    page.get_by_text("On another device").click()
    page.get_by_role("radio", name="Thunderbird for Android").check(force=True)

    code = page.get_by_role("img", name="The account with its password as a QR code")
    code.scroll_into_view_if_needed()
    expect(code).to_be_in_viewport()
    box = code.locator("svg").bounding_box()
    assert box is not None
    assert box["width"] >= 3 * 73  # three pixels a module
    look(page, "reveal-thunderbird")
    page.evaluate("""dispatchEvent(new PageTransitionEvent("pagehide"))""")
    expect(code.locator("path")).to_have_count(0)


def scan(visit: Visit, page: Page, **options: Any) -> Page:
    """Go to the link at the desk; open it on a device that nobody signed in on."""
    link = page.locator("#link").text_content() or ""
    device = visit("/", user_agent=IPHONE, width=PHONE, **options)
    device.goto(link)
    expect(steps.heading(device, "Set up mail on this device")).to_be_visible()
    return device


def done_stages(page: Page) -> Locator:
    """The stages that are ticked off."""
    return page.locator(".stages").get_by_role("listitem").filter(has_text="(done)")


def show_link(page: Page, look: Look | None = None) -> None:
    """From the list through the identity window to the code."""
    steps.link(page, "Connect a device").click()
    page.get_by_label("Where will you use it?").select_option("iPhone and iPad")
    if look:
        look(page, "connect")
    steps.type_code(page, steps.get_code(page))
    expect(steps.window(page, "Set up an iPhone or iPad")).to_be_visible()


def test_a_phone_is_set_up_from_the_desk(
    visit: Visit, bob: Account, look: Look, here: None, watch: Watch
) -> None:
    watch.expected |= {410}
    page = visit(steps.AREA, bob)
    show_link(page, look=look)
    expect(page.get_by_text("Waiting for the device")).to_be_visible()
    page.get_by_text("I cannot scan it").click()
    look(page, "scan-code")

    phone = scan(visit, page)
    look(phone, "scanned")
    secret = take_profile(phone)

    assert steps.opens(bob, secret)
    expect(page.get_by_text("“My iPhone” is in the list")).to_be_visible()
    expect(done_stages(page)).to_have_text([re.compile("Scan")])
    expect(page.get_by_role("img", name="The link as a QR code")).to_be_hidden()
    expect(steps.link(page, "Done")).to_be_visible()
    expect(steps.button(page, "Cancel")).to_be_hidden()
    look(page, "scan-downloaded")

    row = bob.client_passwords.get()
    factories.make_logon(bob, client_password=row, reason="out-of-scope")
    expect(page.get_by_text("Refused: ")).to_be_visible()
    expect(done_stages(page)).to_have_count(2)
    look(page, "scan-refused")
    factories.make_usage(row)

    expect(page.get_by_text("Connected: IMAP")).to_be_visible()
    expect(page.get_by_text("You can close this window.")).to_be_visible()
    expect(done_stages(page)).to_have_count(3)
    look(page, "scan-done")
    steps.link(page, "Back to the list").click()
    expect(steps.device(page, "My iPhone")).to_be_visible()
    phone.reload()
    expect(steps.heading(phone, "This link no longer works")).to_be_visible()
    look(phone, "scanned-again")


def test_a_phone_is_set_up_from_the_desk_without_scripts(
    visit: Visit, bob: Account, here: None
) -> None:
    page = visit(steps.AREA, bob, java_script_enabled=False)
    show_link(page)

    # The driver switches scripts off behind the parser's back: these stay hidden.
    hints = page.locator("dialog noscript").all_text_contents()
    assert any("Press Done: the list shows when" in each for each in hints)
    assert any("Create a new code" in each for each in hints)
    secret = take_profile(scan(visit, page, java_script_enabled=False))

    assert steps.opens(bob, secret)
    steps.link(page, "Done").click()
    expect(steps.device(page, "My iPhone")).to_be_visible()


def test_a_code_that_is_cancelled_opens_nothing(
    visit: Visit, bob: Account, here: None, watch: Watch
) -> None:
    watch.expected |= {410}
    page = visit(steps.AREA, bob)
    show_link(page)
    phone = scan(visit, page)

    steps.button(page, "Cancel").click()
    expect(page.get_by_text("The code no longer works.")).to_be_visible()
    steps.button(phone, "Install the profile").click()

    expect(steps.heading(phone, "This link no longer works")).to_be_visible()
    assert not bob.client_passwords.exists()


def test_a_question_that_was_on_its_way_at_cancel_is_answered(
    visit: Visit, bob: Account, here: None
) -> None:
    """The portal gets it after Cancel, and the page hears of both in that order."""
    page = visit(steps.AREA, bob)
    questions: list[Route] = []

    def hold(route: Route) -> None:
        questions.append(route)

    page.route("**/status/", hold)
    show_link(page)
    expect(page.get_by_text("Waiting for the device")).to_be_visible()

    answers: list[int] = []

    def cancel(route: Route) -> None:
        answer = route.fetch(max_redirects=0)
        with page.expect_response("**/status/") as asked:
            questions.pop(0).continue_()
        answers.append(asked.value.status)
        route.fulfill(response=answer)

    page.route("**/cancel/", cancel)
    steps.button(page, "Cancel").click()

    page.wait_for_url(f"**{steps.AREA}*")
    expect(page.get_by_text("The code no longer works.")).to_be_visible()
    assert answers == [200]


def test_a_code_that_is_cancelled_in_another_window_leads_to_a_new_one(
    visit: Visit, bob: Account, here: None, look: Look
) -> None:
    page = visit(steps.AREA, bob)
    show_link(page)
    line = page.locator("[data-live]")
    expect(line).to_have_text("Waiting for the device…")

    links.withdraw(bob)

    expect(line).to_have_text("The code no longer works.")
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.wait_for_timeout(2500)  # milliseconds; it asked every second
    assert not asked
    expect(page.get_by_role("img", name="The link as a QR code")).to_be_hidden()
    look(page, "scan-failed")
    steps.link(page, "Create a new code").click()
    program = page.get_by_label("Where will you use it?")
    expect(program.locator("option:checked")).to_have_text("iPhone and iPad")


def test_a_link_is_shown_once(
    visit: Visit, bob: Account, look: Look, here: None, watch: Watch
) -> None:
    watch.expected |= {409}
    page = visit(steps.AREA, bob)
    show_link(page)

    page.reload()

    shown = steps.window(page, "This code was already shown")
    expect(shown).to_be_visible()
    look(page, "scan-shown")


def test_another_device_than_apples_is_told_so(
    visit: Visit, bob: Account, look: Look, here: None
) -> None:
    page = visit(steps.AREA, bob)
    show_link(page)
    link = page.locator("#link").text_content() or ""

    other = visit("/")
    other.goto(link)

    expect(other.get_by_text("This does not look like an Apple device")).to_be_visible()
    look(other, "scanned-elsewhere")


def test_a_page_that_was_open_for_too_long_brings_no_profile(
    visit: Visit, bob: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {409}
    page = visit(steps.NEW, bob, user_agent=IPHONE)
    steps.issue(page)
    page.locator("[name=sealed]").evaluate("each => { each.value = 'too old' }")

    steps.button(page, "Install the profile").click()

    window = steps.window(page, "The profile can no longer be created")
    expect(window).to_be_visible()
    look(page, "no-profile")
