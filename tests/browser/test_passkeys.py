"""Passkeys, made and used by a real browser with an authenticator of its own."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django_otp_webauthn.models import WebAuthnCredential
from playwright.sync_api import CDPSession, Page, expect

from accounts.models import Account, SecurityEvent
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser

TWO_STEP = "/settings/two-step/"


class Authenticator:
    """What stands in a device for the finger: verifies its user, or does not."""

    def __init__(self, page: Page) -> None:
        self.session: CDPSession = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        answer = self.session.send(
            "WebAuthn.addVirtualAuthenticator", {"options": options}
        )
        self.id = answer["authenticatorId"]

    @contextmanager
    def without_the_finger(self) -> Iterator[None]:
        self._verify(is_verified=False)
        yield
        self._verify(is_verified=True)

    def _verify(self, *, is_verified: bool) -> None:
        self.session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.id, "isUserVerified": is_verified},
        )


def add_passkey(page: Page, name: str = "Laptop") -> None:
    page.goto(TWO_STEP)
    steps.link(page, "Add a passkey").click()
    page.get_by_label("Name of the passkey").fill(name)
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Next").click()
    steps.button(page, "Create the passkey").click()
    expect(page.get_by_text("The passkey was added.")).to_be_visible()


def sign_out(page: Page) -> None:
    page.goto("/")
    steps.button(page, "Settings").click()
    steps.button(page, "Sign out").click()
    page.goto("/login/")


def type_password(page: Page) -> None:
    page.get_by_label("Full address").fill("alice@example.com")
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Sign in").click()


def test_a_passkey_is_added_signs_in_alone_and_is_removed(
    visit: Visit, alice: Account, look: Look
) -> None:
    page = visit(TWO_STEP, alice)
    Authenticator(page)
    add_passkey(page)
    look(page, "passkey-added")
    passkey = WebAuthnCredential.objects.get()
    assert (passkey.user, passkey.name) == (alice, "Laptop")

    sign_out(page)
    page.goto(f"/login/?next={steps.AREA}")
    look(page, "passkey-sign-in")
    steps.button(page, "Sign in with a passkey").click()
    expect(steps.switch(page)).to_be_visible()

    page.goto(TWO_STEP)
    expect(steps.device(page, "Laptop")).to_contain_text("last used")
    steps.link(page, "Remove Laptop").click()
    expect(page.get_by_text("It is your last second step")).to_be_visible()
    look(page, "passkey-remove")
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Remove").click()
    expect(page.get_by_text("The passkey was removed.")).to_be_visible()
    kinds = [event.kind for event in alice.security_events.order_by("pk")]
    assert kinds == ["passkey-added", "signed-in", "passkey-removed"]


def test_with_a_passkey_the_web_password_alone_does_not_sign_in(
    visit: Visit, alice: Account, look: Look
) -> None:
    page = visit(TWO_STEP, alice)
    Authenticator(page)
    add_passkey(page)
    sign_out(page)

    type_password(page)

    expect(page.get_by_text("Now use your passkey.")).to_be_visible()
    look(page, "passkey-second-step")
    page.goto(steps.AREA)
    expect(steps.heading(page, "Sign in")).to_be_visible()
    type_password(page)
    steps.button(page, "Sign in with a passkey").click()
    expect(steps.switch(page)).to_be_visible()


def test_who_does_not_confirm_is_told_and_may_try_again(
    visit: Visit, alice: Account, look: Look
) -> None:
    page = visit(TWO_STEP, alice)
    authenticator = Authenticator(page)
    add_passkey(page)
    sign_out(page)

    with authenticator.without_the_finger():
        steps.button(page, "Sign in with a passkey").click()
        expect(page.get_by_text("Cancelled.")).to_be_visible()
    look(page, "passkey-not-confirmed")
    assert not SecurityEvent.objects.filter(kind="signed-in").exists()

    steps.button(page, "Sign in with a passkey").click()
    expect(steps.heading(page, "alice@example.com")).to_be_visible()


def test_a_removed_passkey_is_refused(
    visit: Visit, alice: Account, watch: Watch
) -> None:
    watch.expected |= {404}
    page = visit(TWO_STEP, alice)
    Authenticator(page)
    add_passkey(page)
    sign_out(page)
    WebAuthnCredential.objects.all().delete()

    steps.button(page, "Sign in with a passkey").click()

    expect(page.get_by_text("The passkey was not accepted.")).to_be_visible()


def test_one_device_makes_one_passkey(visit: Visit, alice: Account) -> None:
    page = visit(TWO_STEP, alice)
    Authenticator(page)
    add_passkey(page)

    steps.link(page, "Add a passkey").click()
    page.get_by_label("Name of the passkey").fill("Again")
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Next").click()
    steps.button(page, "Create the passkey").click()

    said = page.get_by_text("This device already has a passkey for your account.")
    expect(said).to_be_visible()
    assert WebAuthnCredential.objects.count() == 1


def test_adding_a_passkey_ends_the_sessions_elsewhere(
    visit: Visit, alice: Account
) -> None:
    other = visit(steps.AREA, alice)
    page = visit(TWO_STEP, alice)
    Authenticator(page)

    add_passkey(page)

    page.goto(steps.AREA)
    expect(steps.switch(page)).to_be_visible()
    other.goto(steps.AREA)
    expect(steps.heading(other, "Sign in")).to_be_visible()


def test_an_administrator_gets_in_with_a_passkey(visit: Visit, alice: Account) -> None:
    Account.objects.update(is_staff=True, is_superuser=True)
    page = visit("/admin/", alice)
    expect(steps.heading(page, "Set up two-step sign-in")).to_be_visible()
    Authenticator(page)
    add_passkey(page)
    page.goto("/admin/")
    expect(steps.heading(page, "Policies and mailboxes")).to_be_visible()
    sign_out(page)

    page.goto("/admin/")
    steps.button(page, "Sign in with a passkey").click()

    expect(steps.heading(page, "Policies and mailboxes")).to_be_visible()


def keep_all(page: Page, codes: list[str], owner: Account) -> None:
    """Download, copy and print the codes; each is all of them, and none leaves."""
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    with page.expect_download() as saved:
        steps.button(page, "Download as text").click()
    name = saved.value.suggested_filename
    lines = saved.value.path().read_text(encoding="utf-8-sig").split("\n")
    assert name == f"recovery-codes-{owner.address}.txt"
    assert owner.address in lines[1]
    assert lines[-11:] == [*codes, ""]

    steps.button(page, "Copy all").click()
    expect(page.locator("[data-status]")).to_have_text("Copied")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")
    steps.button(page, "Print").click()
    assert page.locator("body").get_attribute("data-printed") == "yes"
    assert [url for url in requests if not url.startswith("blob:")] == []


def test_recovery_codes_are_shown_once_and_sign_in(
    visit: Visit, alice: Account, look: Look
) -> None:
    page = visit(TWO_STEP, alice)
    Authenticator(page)
    add_passkey(page)
    steps.link(page, "Create recovery codes").click()
    look(page, "recovery-make")
    page.get_by_label("Web password").fill(PASSWORD)
    steps.button(page, "Create recovery codes").click()
    expect(steps.heading(page, "Your recovery codes")).to_be_visible()
    codes = page.locator(".recovery-codes code").all_text_contents()
    look(page, "recovery-shown")
    assert len(set(codes)) == 10
    assert all(re.fullmatch("[a-z2-9]{5}-[a-z2-9]{5}", code) for code in codes)

    keep_all(page, codes, alice)
    steps.link(page, "I've saved them").click()
    expect(page.get_by_text("10 codes of those created on")).to_be_visible()
    sign_out(page)
    type_password(page)
    page.get_by_label("One of your recovery codes").fill(codes[3].upper())
    steps.button(page, "Sign in").click()

    expect(page.get_by_text("You have 9 recovery codes left.")).to_be_visible()
