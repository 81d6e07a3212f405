"""The steps of a person, by the words on the pages."""

import contextlib
import re

from playwright.sync_api import Locator, Page, expect
from playwright.sync_api import TimeoutError as TooLong

from accounts.models import Account
from clientpasswords.logon import decision
from gateways import sms

AREA = "/settings/account-security/"
WINDOWS = f"{AREA}security-passwords/"
NEW = f"{WINDOWS}new/"

SWITCH = "Third-Party Client Security Password"
SHOWN = "Your new security password"
ALREADY_SHOWN = "This password was already shown and cannot be shown again."


# What makes the page, a window or a table scroll sideways, by tag and class, innermost
# last.
TOO_WIDE = """() => {
    const boxes = [
        document.documentElement,
        ...document.querySelectorAll("dialog, .wide-table, .results"),
    ];
    const wide = boxes.filter((box) => box.scrollWidth > box.clientWidth + 1);
    return wide.flatMap((box) => [...box.querySelectorAll("*")].filter((each) => {
        const edge = box.getBoundingClientRect().left + box.clientWidth + 1;
        return each.getBoundingClientRect().right > edge;
    }).map((each) => `${each.tagName}.${each.className} ${each.clientWidth}`));
}"""


def sign_in(page: Page, address: str, password: str) -> None:
    """Fill in the first step of the sign-in, and send it."""
    page.get_by_label("Full address").fill(address)
    page.get_by_label("Web password").fill(password)
    button(page, "Sign in").click()


def switch(page: Page) -> Locator:
    return page.get_by_role("switch", name=SWITCH)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def heading(page: Page, name: str) -> Locator:
    return page.get_by_role("heading", name=name)


def window(page: Page, name: str) -> Locator:
    """The open window of this name."""
    return page.get_by_role("dialog", name=name)


def device(page: Page, name: str) -> Locator:
    """The row of the list."""
    row = page.get_by_role("listitem")
    return row.filter(has=page.get_by_role("heading", name=name, exact=True))


def last_code() -> str:
    """The six digits of the text message that was sent last."""
    return sms.outbox[-1].text[:6]


def wrong_code() -> str:
    """Not the six digits of the text message that was sent last."""
    return f"{(int(last_code()) + 1) % 10**6:06}"


def get_code(page: Page) -> str:
    """Press Get Dynamic Captcha and look at the phone."""
    before = len(sms.outbox)
    button(page, "Get Dynamic Captcha").click()
    expect(page.get_by_text("Code sent.")).to_be_visible()
    assert len(sms.outbox) == before + 1
    return last_code()


def type_code(page: Page, code: str) -> None:
    """Fill the code in and press Next."""
    page.get_by_label("Dynamic Captcha").fill(code)
    button(page, "Next").click()


def shown(page: Page) -> str:
    """The password in the window that shows it."""
    expect(window(page, SHOWN)).to_be_visible()
    secret = page.locator("output").text_content() or ""
    assert re.fullmatch("[a-km-np-z2-9]{16}", secret)
    return secret


def issue(page: Page) -> str:
    """From the identity window to the new password, which is shown."""
    page.goto(NEW)
    type_code(page, get_code(page))
    return shown(page)


def no_scrolling_sideways(page: Page) -> None:
    """Nothing reaches over the edge of the screen or of an open window.

    Some elements get their width from a script, which hears of another one later.
    """
    with contextlib.suppress(TooLong):
        page.wait_for_function(f"() => ({TOO_WIDE})().length === 0")
    wide = page.evaluate(TOO_WIDE)
    assert not wide, f"{page.title()}: {wide}"


def opens(account: Account, password: str) -> bool:
    """Whether a mail program gets in with it now."""
    return (
        decision.decide(account.address, "imap", password, None).login_name is not None
    )


def turn_on(page: Page) -> None:
    """Turn the switch on; the window says before what stops."""
    expect(switch(page)).not_to_be_checked()
    switch(page).click()
    warning = window(page, "Turn on security passwords?")
    expect(warning).to_contain_text("stop working until you give them a security")
    expect(warning).to_contain_text("Webmail is not affected")
    button(page, "Turn on").click()
    expect(page.get_by_text("Security passwords are turned on.")).to_be_visible()
    expect(switch(page)).to_be_checked()


def generate(page: Page) -> str:
    """From the list through the identity window to the password, which is shown."""
    link(page, "Generate New Password").click()
    expect(window(page, "Identity authentication")).to_be_visible()
    code = get_code(page)
    type_code(page, code)
    return shown(page)


def name_device(page: Page, name: str) -> None:
    """Fill in what the device is called, and press OK."""
    page.get_by_label("Device").fill(name)
    button(page, "OK").click()
    saved = page.get_by_text(f"The password for “{name}” is saved.")
    expect(saved).to_be_visible()
    expect(device(page, name)).to_be_visible()


def delete(page: Page, name: str) -> None:
    """Delete the password of the device; the window names it."""
    link(page, f"Delete {name}").click()
    question = window(page, f"Delete the password for “{name}”?")
    expect(question).to_contain_text("stops sending and receiving at once")
    button(page, "Delete").click()
    said = page.get_by_text(f"“{name}” can no longer send or receive mail.")
    expect(said).to_be_visible()
    expect(device(page, name)).to_be_hidden()


def turn_off(page: Page) -> None:
    """Turn the switch off; it stays on until OK."""
    switch(page).click()
    question = window(page, "Turn off security passwords?")
    expect(question).to_contain_text("Programs must use your web password again")
    page.get_by_label("Dynamic Captcha").fill(get_code(page))
    button(page, "OK").click()
    expect(page.get_by_text("Security passwords are turned off.")).to_be_visible()
    expect(switch(page)).not_to_be_checked()
