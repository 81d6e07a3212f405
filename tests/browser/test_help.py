"""The pages of help, and the servers to copy field by field."""

import pytest
from playwright.sync_api import expect

from accounts.models import Account, Policy
from clientpasswords.setup.clients import CLIENTS
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import DESKTOP, PHONE, Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


def test_help_is_open_to_everybody(
    visit: Visit, transactional_db: None, look: Look
) -> None:
    page = visit("/help/clients/")
    expect(steps.heading(page, "Set up a mail program")).to_be_visible()
    look(page, "help")

    steps.link(page, "iPhone and iPad").click()
    expect(steps.heading(page, "iPhone and iPad")).to_be_visible()
    look(page, "help-signed-out")


@pytest.mark.parametrize("key", sorted(CLIENTS))
def test_help_for_each_program(
    visit: Visit, alice: Account, look: Look, key: str
) -> None:
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(pop3=False)
    page = visit(f"/help/clients/{key}/", alice)
    expect(page.get_by_text("POP3 is switched off")).to_be_visible()
    look(page, f"help-{key}")


@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_each_page_fits_a_narrow_phone_and_a_sheet_of_paper(
    visit: Visit, alice: Account, language: str
) -> None:
    Account.objects.update(language=language)
    page = visit("/help/clients/", alice, width=320)

    for key in CLIENTS:
        page.emulate_media(media="screen")
        page.goto(page.url.partition("/help/")[0] + f"/help/clients/{key}/")
        steps.no_scrolling_sideways(page)
        for drawing in (page.locator(".menus"), page.locator(".sketch")):
            expect(drawing).to_be_visible()
        page.emulate_media(media="print")
        steps.no_scrolling_sideways(page)
        expect(page.locator(".menus")).to_be_visible()
        expect(page.locator(".sketch")).to_contain_text("imap.example.com")
        expect(page.locator(".button >> visible=true")).to_have_count(0)


# The words of the drawn menus that are on two lines.
BROKEN_WORDS = """() => [...document.querySelectorAll(".menu-title, .menu-entry")]
    .flatMap(each => {
        const range = document.createRange();
        const text = [...each.childNodes].find(node => node.data?.trim());
        return [...text.data.matchAll(/[^\\s-]+/g)].filter(word => {
            range.setStart(text, word.index);
            range.setEnd(text, word.index + word[0].length);
            return range.getClientRects().length > 1;
        }).map(word => word[0]);
    })"""


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("width", [320, PHONE])
def test_no_word_in_a_drawn_menu_is_broken(
    visit: Visit, alice: Account, language: str, width: int
) -> None:
    Account.objects.update(language=language)
    page = visit("/help/clients/", alice, width=width)

    for key in CLIENTS:
        page.goto(page.url.partition("/help/")[0] + f"/help/clients/{key}/")
        assert page.evaluate(BROKEN_WORDS) == [], key


@pytest.mark.parametrize("key", ["iphone", "outlook-new"])
def test_a_value_is_copied_from_where_it_is_to_be_entered(
    visit: Visit, alice: Account, key: str
) -> None:
    page = visit(f"/help/clients/{key}/", alice, width=PHONE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    form = page.locator(".sketch")

    form.get_by_role("button", name="Copy the SMTP server").click()

    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == "smtp.example.com"


def test_help_for_a_program_that_does_not_exist(
    visit: Visit, alice: Account, watch: Watch
) -> None:
    watch.expected |= {404}
    page = visit("/help/clients/nokia/", alice)

    expect(steps.heading(page, "Page not found")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_each_field_of_the_servers_is_copied_by_its_own_button(
    visit: Visit, alice: Account, width: int
) -> None:
    page = visit("/help/clients/foxmail/", alice, width=width)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    wanted = {
        "Copy the IMAP server": "imap.example.com",
        "Copy the POP3 port": "995",
        "Copy the SMTP encryption": "SSL/TLS",
        "Copy the user name": "alice@example.com",
    }

    table = page.get_by_role("region", name="Server settings")
    for name, text in wanted.items():
        table.get_by_role("button", name=name, exact=True).click()
        status = page.get_by_role("status").filter(has_text="Copied")
        expect(status).to_be_attached()
        assert page.evaluate("navigator.clipboard.readText()") == text
    steps.no_scrolling_sideways(page)


GERMAN = """\
Posteingang (IMAP)
Server: imap.example.com
Port: 993
Verschlüsselung: SSL/TLS

Postausgang (SMTP)
Server: smtp.example.com
Port: 465
Verschlüsselung: SSL/TLS

Anmeldung
Benutzername: alice@example.com"""


def test_on_a_phone_all_settings_are_copied_at_once_in_the_readers_language(
    visit: Visit, alice: Account
) -> None:
    Account.objects.update(language="de")
    Policy.objects.update(pop3=False)
    page = visit(steps.AREA, alice, width=PHONE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.locator(".copy-all").click()

    expect(page.get_by_role("status").filter(has_text="Kopiert")).to_be_attached()
    assert page.evaluate("navigator.clipboard.readText()") == GERMAN
    page.set_viewport_size({"width": DESKTOP, "height": 900})
    expect(page.locator(".copy-all")).to_be_hidden()


def test_without_scripts_nothing_is_offered_that_does_nothing(
    visit: Visit, alice: Account
) -> None:
    page = visit(steps.AREA, alice, width=PHONE, java_script_enabled=False)

    expect(steps.heading(page, "Server settings")).to_be_visible()
    expect(page.locator(".copy-all")).to_be_hidden()


def test_all_settings_are_copied_without_the_password_that_is_shown(
    visit: Visit, bob: Account, look: Look
) -> None:
    page = visit(steps.NEW, bob, width=PHONE)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    secret = steps.issue(page)
    page.get_by_role("dialog").get_by_text("Server settings").click()

    steps.button(page, "Copy all settings").click()

    expect(steps.button(page, "Copied")).to_be_visible()
    look(page, "reveal-all-copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "User name: bob@example.com" in copied
    assert secret not in copied
    assert "assword" not in copied
    # The password is not copied by that.
    steps.button(page, "OK").click()
    expect(page.get_by_text("You have not copied it.")).to_be_visible()


def test_at_the_reveal_help_opens_beside_the_password(
    visit: Visit, bob: Account
) -> None:
    page = visit(steps.NEW, bob)
    secret = steps.issue(page)
    page.get_by_role("radio", name="Foxmail").check(force=True)

    with page.context.expect_page() as opened:
        window = steps.window(page, steps.SHOWN)
        window.get_by_role("link", name="How to set up your mail program").locator(
            "visible=true"
        ).click()

    expect(steps.heading(opened.value, "Foxmail")).to_be_visible()
    assert steps.shown(page) == secret


def test_what_the_api_can_do_is_open_to_everybody(
    visit: Visit, transactional_db: None, look: Look
) -> None:
    page = visit("/help/api/")

    expect(steps.heading(page, "PUT /api/v1/accounts/{address}")).to_be_visible()
    look(page, "help-api")
