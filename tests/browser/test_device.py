"""The page of one security password, the limits at the reveal, and lost devices."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Account
from clientpasswords import replacing
from clientpasswords.models import ClientPassword, Logon, Usage
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(bob: Account) -> ClientPassword:
    """Bob's, with something to tell."""
    now = timezone.now()
    row = factories.make_client_password(bob, "My iPhone")[0]
    for minutes, reason, password, count in (
        (1, "", row, 12),
        (5, "out-of-scope", row, 1),
        (9, "security-password-required", None, 14),
        (30, "wrong-password", None, 1),
    ):
        Logon.objects.create(
            account=bob,
            client_password=password,
            protocol="imap",
            reason=reason,
            network_address="198.51.100.7",
            node="mx",
            first_at=now - timedelta(hours=3),
            last_at=now - timedelta(minutes=minutes),
            count=count,
        )
    return row


def test_a_password_is_limited_and_renamed_on_its_page(
    visit: Visit, phone: ClientPassword, bob: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    page = visit("/settings/account-security/", bob)
    look(page, "tried")
    steps.link(page, "My iPhone").click()
    expect(steps.heading(page, "My iPhone")).to_be_visible()
    page.get_by_text("What it may be used for").click()
    look(page, "device")

    page.get_by_label("use these protocols only").check()
    for protocol in ("IMAP", "POP3", "SMTP"):
        page.get_by_label(protocol, exact=True).uncheck()
    steps.button(page, "Save").click()
    expect(page.get_by_text("Choose at least one.")).to_be_visible()
    look(page, "device-nonsense")

    page.get_by_label("send mail only").check()
    page.get_by_label("Only from these networks").fill("192.0.2.0/24")
    expect(page.get_by_label("Works until the end of")).to_be_hidden()
    page.get_by_label("until a date:").check()
    page.get_by_label("Works until the end of").fill("2999-12-31")
    look(page, "device-until")
    steps.button(page, "Save").click()

    expect(page.get_by_text("The limits are saved.")).to_be_visible()
    expect(page.get_by_label("send mail only")).to_be_checked()
    expect(page.get_by_label("Works until the end of")).to_have_value("2999-12-31")
    phone.refresh_from_db()
    assert phone.protocols_allowed == ["SMTP"]
    assert phone.networks == "192.0.2.0/24"
    page.get_by_label("Device").fill("Scanner")
    steps.button(page, "Rename").click()
    expect(steps.device(page, "Scanner")).to_contain_text("SMTP")
    look(page, "list-limited")


def test_the_last_sign_ins_are_shown(
    visit: Visit, phone: ClientPassword, bob: Account, look: Look
) -> None:
    page = visit("/settings/account-security/", bob)

    steps.link(page, "Last sign-ins").click()

    expect(steps.heading(page, "Last sign-ins")).to_be_visible()
    expect(page.get_by_text("needs a security password")).to_be_visible()
    look(page, "sign-ins")


def test_at_the_reveal_it_is_limited_and_seen_to_connect(
    visit: Visit, bob: Account, look: Look, watch: Watch
) -> None:
    page = visit(steps.NEW, bob)
    steps.issue(page)
    expect(page.get_by_text("Waiting for the first sign-in")).to_be_visible()
    page.get_by_text("Limit what it may be used for").click()
    look(page, "reveal-limits")

    row = ClientPassword.objects.get()
    now = timezone.now()
    Usage.objects.create(
        client_password=row, first_at=now, last_at=now, protocol="imap", node="mx"
    )
    expect(page.get_by_text("Connected: IMAP")).to_be_visible()
    done = page.locator(".stages").get_by_role("listitem").filter(has_text="(done)")
    expect(done).to_have_count(3)
    expect(page.get_by_text("You can close this window.")).to_be_visible()
    look(page, "reveal-connected")

    page.get_by_label("send mail only").check()
    # Not copied, and not asked for: a mail program has it.
    steps.button(page, "OK").click()
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()
    row.refresh_from_db()
    assert row.protocols_allowed == ["SMTP"]


def test_lost_devices_are_chosen_and_deleted(
    visit: Visit, phone: ClientPassword, bob: Account, look: Look
) -> None:
    factories.make_client_password(bob, "Office PC")
    factories.make_client_password(bob, "Printer")
    page = visit("/settings/account-security/", bob)
    steps.link(page, "I lost a device").click()
    window = steps.window(page, "Which devices did you lose?")
    look(page, "lost")

    expect(steps.button(page, "Delete")).to_be_disabled()
    window.get_by_label("My iPhone").check()
    expect(steps.button(page, "Delete 1 device")).to_be_enabled()
    window.get_by_label("Printer").check()
    steps.button(page, "Delete 2 devices").click()

    window = steps.window(page, "What else was on the device?")
    expect(window.get_by_text("2 devices can no longer send")).to_be_visible()
    look(page, "lost-done")
    steps.link(page, "Done").click()
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()


def test_all_devices_are_deleted_from_the_keyboard(
    visit: Visit, phone: ClientPassword, bob: Account, look: Look
) -> None:
    factories.make_client_password(bob, "Office PC")
    page = visit("/settings/account-security/", bob)
    steps.link(page, "Delete all").focus()
    page.keyboard.press("Enter")
    window = steps.window(page, "Delete all 2 security passwords?")
    expect(window.get_by_text("Office PC")).to_be_visible()
    look(page, "delete-all")

    steps.button(page, "Delete all").focus()
    page.keyboard.press("Enter")

    expect(page.get_by_text("2 devices can no longer send")).to_be_visible()
    expect(page.get_by_text("No security passwords yet.")).to_be_visible()


def test_after_a_loss_the_web_password_is_changed_and_sessions_are_ended(
    visit: Visit, phone: ClientPassword, bob: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    other = visit(steps.AREA, bob)
    page = visit(f"{steps.WINDOWS}lost/done/", bob)

    steps.button(page, "Sign out everywhere else").click()
    expect(
        page.get_by_text("You are signed out of the portal in all other browsers.")
    ).to_be_visible()
    other.reload()
    expect(steps.heading(other, "Sign in")).to_be_visible()

    look(page, "web-password")
    page.get_by_label("Current web password").fill(factories.PASSWORD)
    page.get_by_label("New web password", exact=True).fill("short")
    page.get_by_label("Repeat the new web password").fill("short")
    steps.button(page, "Change").click()
    expect(page.get_by_text("This password is too short.")).to_be_visible()
    look(page, "web-password-bad")
    page.get_by_label("Current web password").fill(factories.PASSWORD)
    page.get_by_label("New web password", exact=True).fill("a long new sentence")
    page.get_by_label("Repeat the new web password").fill("a long new sentence")
    steps.button(page, "Change").click()
    expect(page.get_by_text("The web password was changed.")).to_be_visible()


def test_a_device_gets_a_new_password_and_loses_the_old_one_when_it_is_used(
    visit: Visit, bob: Account
) -> None:
    old, old_secret = factories.make_client_password(bob, "Laptop")
    page = visit(steps.AREA, bob)

    steps.link(page, "Replace Laptop").click()
    expect(page.get_by_text("a new security password for “Laptop”")).to_be_visible()
    steps.type_code(page, steps.get_code(page))
    secret = steps.shown(page)
    steps.button(page, "Copy").click()
    steps.button(page, "OK").click()

    expect(page.get_by_text("It is deleted as soon as the device uses")).to_be_visible()
    expect(steps.button(page, "Keep both")).to_be_visible()
    assert steps.opens(bob, old_secret)
    factories.make_usage(bob.client_passwords.get(replaces=old))
    replacing.delete_replaced()
    page.reload()
    expect(steps.link(page, "Replace Laptop")).to_be_visible()
    assert steps.opens(bob, secret)
    assert not steps.opens(bob, old_secret)


def test_without_scripts_both_passwords_of_a_device_can_be_kept(
    visit: Visit, bob: Account
) -> None:
    factories.make_client_password(bob, "Laptop")
    page = visit(steps.AREA, bob, java_script_enabled=False)
    steps.link(page, "Replace Laptop").click()
    steps.type_code(page, steps.get_code(page))
    steps.shown(page)
    steps.button(page, "OK").click()

    steps.button(page, "Keep both").click()

    expect(page.get_by_text("Both passwords for “Laptop” stay.")).to_be_visible()
    expect(page.get_by_text("Security passwords (2 of 10)")).to_be_visible()
