"""The password is shown once, and only ever one is made."""

import re

import pytest
from playwright.sync_api import Error, Locator, Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, Phone
from tests.browser import steps
from tests.browser.conftest import INSECURE, Visit
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Visit, bob: Account) -> Page:
    """Bob's identity window."""
    return visit(steps.NEW, bob)


def paste(page: Page) -> Locator:
    """Put what the clipboard holds into the field for the device's name."""
    field = page.get_by_label("Device")
    field.fill("")
    field.press("Control+V")
    return field


def test_copy_gives_the_16_characters_and_says_so(page: Page, bob: Account) -> None:
    secret = steps.issue(page)

    steps.button(page, "Copy").click()

    expect(steps.button(page, "Copied")).to_be_visible()
    status = page.get_by_role("status").filter(has_text="Copied")
    expect(status).to_be_attached()
    expect(paste(page)).to_have_value(secret)
    assert steps.opens(bob, secret)


def test_copying_works_where_the_browser_hides_the_clipboard(
    visit: Visit,
    bob: Account,
    live_server: LiveServer,
    settings: Settings,
    watch: Watch,
) -> None:
    watch.tolerated = "The Cross-Origin-Opener-Policy header has been ignored"
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, INSECURE]
    url = f"http://{INSECURE}:{live_server.thread.port}"
    page = visit(steps.NEW, bob, url=url)
    assert page.evaluate("navigator.clipboard") is None
    secret = steps.issue(page)

    steps.button(page, "Copy").click()

    expect(paste(page)).to_have_value(secret)


def test_selecting_by_hand_copies_no_blanks(page: Page) -> None:
    secret = steps.issue(page)

    page.locator("output").click()
    page.keyboard.press("Control+C")

    expect(paste(page)).to_have_value(secret)
    steps.button(page, "OK").click()
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()


def test_a_name_that_was_typed_stays_when_a_program_is_chosen(page: Page) -> None:
    steps.issue(page)

    page.get_by_label("Device").fill("My old tablet")
    page.get_by_role("radio", name="Foxmail").check(force=True)

    expect(page.get_by_label("Device")).to_have_value("My old tablet")


def test_what_is_done_is_ticked_off(page: Page) -> None:
    steps.issue(page)
    stages = page.locator(".stages").get_by_role("listitem")
    expect(stages.filter(has_text="(done)")).to_have_count(0)

    steps.button(page, "Copy").click()

    expect(stages.filter(has_text="(done)")).to_have_text(re.compile("Copy"))


def test_values_in_the_steps_have_a_button_to_copy_them(page: Page) -> None:
    steps.issue(page)
    page.get_by_role("radio", name="Outlook (classic)").check(force=True)
    shown = page.locator(".program-steps:visible")

    shown.get_by_role("button", name="Copy the IMAP server").click()
    expect(paste(page)).to_have_value("imap.example.com")
    shown.get_by_role("button", name="Copy the IMAP port").click()
    expect(paste(page)).to_have_value("993")


def test_spelt_out_it_is_one_character_a_line(page: Page) -> None:
    secret = steps.issue(page)

    page.get_by_text("Spell it out").click()

    letters = page.locator(".spelt").get_by_role("listitem")
    expect(letters).to_have_text(
        [f"{each} digit" if each.isdigit() else each for each in secret]
    )


def test_the_program_shows_its_steps_and_names_the_device(
    page: Page, bob: Account
) -> None:
    steps.issue(page)

    page.get_by_role("radio", name="Foxmail").check(force=True)
    expect(page.get_by_text("Foxmail may call it authorisation code")).to_be_visible()
    page.get_by_role("radio", name="Thunderbird", exact=True).check(force=True)

    expect(page.get_by_label("Device")).to_have_value("Thunderbird")
    expect(page.get_by_text("Foxmail may call it authorisation code")).to_be_hidden()
    steps.button(page, "Copy").click()
    steps.button(page, "OK").click()
    expect(steps.device(page, "Thunderbird")).to_be_visible()


def test_ok_asks_before_a_password_that_was_not_copied_is_lost(page: Page) -> None:
    secret = steps.issue(page)

    steps.button(page, "OK").click()
    expect(page.get_by_text("You have not copied it. Close anyway?")).to_be_visible()
    assert steps.shown(page) == secret
    steps.button(page, "Close anyway").click()

    expect(steps.device(page, "My Linux computer")).to_be_visible()


def test_an_empty_name_keeps_the_suggested_one(page: Page) -> None:
    steps.issue(page)

    steps.button(page, "Copy").click()
    page.get_by_label("Device").fill("   ")
    steps.button(page, "OK").click()

    expect(steps.device(page, "My Linux computer")).to_be_visible()


def test_a_name_of_markup_is_shown_as_text(page: Page) -> None:
    steps.issue(page)
    name = "<img src=x onerror=alert(1)>\u202egnp.exe"

    steps.button(page, "Copy").click()
    page.get_by_label("Device").fill(name)
    steps.button(page, "OK").click()

    shown = "<img src=x onerror=alert(1)>gnp.exe"
    expect(steps.device(page, shown)).to_be_visible()
    steps.device(page, shown).get_by_role("link", name="Delete").click()
    question = steps.window(page, f"Delete the password for “{shown}”?")
    expect(question).to_be_visible()


def test_three_escapes_do_not_close_the_window(page: Page) -> None:
    secret = steps.issue(page)

    for _ in range(3):
        page.keyboard.press("Escape")

    expect(page.locator("dialog:modal")).to_be_visible()
    assert steps.shown(page) == secret


def test_a_double_click_on_next_sends_one_form(
    page: Page, bob: Account, watch: Watch
) -> None:
    page.get_by_label("Dynamic Captcha").fill(steps.get_code(page))

    steps.button(page, "Next").dblclick()

    assert steps.opens(bob, steps.shown(page))
    assert watch.posts.count(f"{steps.NEW}verify/") == 1
    assert bob.client_passwords.count() == 1


def test_a_double_click_without_scripts_makes_one_password(
    visit: Visit, bob: Account, watch: Watch
) -> None:
    page = visit(steps.NEW, bob, java_script_enabled=False)
    page.get_by_label("Dynamic Captcha").fill(steps.get_code(page))

    steps.button(page, "Next").dblclick()

    expect(page.get_by_role("dialog")).to_contain_text("password")
    watch.expected |= watch.refusals & {409}
    assert bob.client_passwords.count() == 1


def already_shown(page: Page, secret: str) -> Locator:
    """The window that says so, without the password."""
    window = steps.window(page, steps.ALREADY_SHOWN)
    expect(window).to_be_visible()
    assert secret not in page.content()
    return window


def test_a_refresh_shows_it_no_second_time(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    secret = steps.issue(page)

    page.reload()

    already_shown(page, secret)
    assert bob.client_passwords.count() == 1
    assert steps.opens(bob, secret)
    steps.link(page, "Keep it").click()
    expect(steps.device(page, "My Linux computer")).to_be_visible()


def test_whoever_did_not_copy_it_makes_another_at_once(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    secret = steps.issue(page)
    page.reload()

    steps.button(page, "Delete it and create a new one").click()
    expect(steps.window(page, "Identity authentication")).to_be_visible()
    steps.type_code(page, steps.get_code(page))

    assert steps.opens(bob, steps.shown(page))
    assert not steps.opens(bob, secret)
    assert bob.client_passwords.live().count() == 1


def test_back_and_forward_do_not_show_it_again(page: Page, bob: Account) -> None:
    secret = steps.issue(page)
    steps.button(page, "Copy").click()
    steps.button(page, "OK").click()
    expect(steps.device(page, "My Linux computer")).to_be_visible()

    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
    expect(page.locator("body")).not_to_contain_text(secret)
    page.go_forward()

    expect(steps.device(page, "My Linux computer")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(secret)
    assert bob.client_passwords.count() == 1


def test_two_tabs_with_one_code_make_one_password(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    code = steps.get_code(page)
    other = page.context.new_page()
    other.goto(steps.NEW)

    steps.type_code(page, code)
    secret = steps.shown(page)
    steps.type_code(other, code)

    expect(other.get_by_text("Each code works once")).to_be_visible()
    assert secret not in other.content()
    assert bob.client_passwords.count() == 1


def test_a_new_code_in_another_tab_replaces_the_first(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {422}
    first = steps.get_code(page)
    Phone.objects.update(last_generated_timestamp=None)
    other = page.context.new_page()
    other.goto(steps.NEW)
    second = steps.get_code(other)

    steps.type_code(page, first)
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    steps.type_code(page, second)

    steps.shown(page)
    assert bob.client_passwords.count() == 1


def test_a_post_that_is_sent_again_makes_no_second_password(
    page: Page, bob: Account
) -> None:
    page.get_by_label("Dynamic Captcha").fill(steps.get_code(page))
    with page.expect_request(f"**{steps.NEW}verify/") as caught:
        steps.button(page, "Next").click()
    secret = steps.shown(page)

    form = caught.value.post_data
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    again = page.request.post(caught.value.url, data=form, headers=kind)

    assert again.status == 409
    assert secret not in again.text()
    assert steps.ALREADY_SHOWN in again.text()
    assert bob.client_passwords.count() == 1
