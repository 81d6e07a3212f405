"""Every state of the page of security passwords, and of its windows, is accessible.

As in test_accessibility.py, with pictures by `--screenshots FOLDER`.
"""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pytest_django import Settings

from accounts.models import Account, Phone, Policy
from tests import factories, standins
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import NARROW, PHONE, UNFOLDED, Look
from tests.browser.watch import Watch
from tests.unit.clientpasswords import idling

pytestmark = pytest.mark.browser

NAMES = ["My iPhone", "Office PC", "Outlook", "Scanner, 3rd floor, next to the kitchen"]


@pytest.fixture
def owner(alice: Account) -> Account:
    """Alice, who has turned security passwords on."""
    alice.client_passwords_on = True
    alice.save()
    return alice


# --- the page -------------------------------------------------------------------------


def test_the_page_off(visit: Visit, alice: Account, look: Look) -> None:
    page = visit(steps.AREA, alice)
    expect(steps.switch(page)).not_to_be_checked()
    look(page, "area-off")

    steps.switch(page).click()
    expect(steps.window(page, "Turn on security passwords?")).to_be_visible()
    look(page, "enable")


def test_the_page_suspended(visit: Visit, alice: Account, look: Look) -> None:
    factories.make_client_password(alice, NAMES[0])
    page = visit(steps.AREA, alice)
    expect(page.get_by_text("Paused while the switch is off.")).to_be_visible()
    look(page, "area-suspended")


def test_the_page_empty(visit: Visit, owner: Account, look: Look) -> None:
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("No security passwords yet.")).to_be_visible()
    page.get_by_text("Which password do I use where?").click()
    look(page, "area-empty")


def test_the_page_with_a_list(visit: Visit, owner: Account, look: Look) -> None:
    for name in NAMES:
        factories.make_client_password(owner, name)
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("Security passwords (4 of 10)")).to_be_visible()
    look(page, "area-list")

    steps.link(page, f"Delete {NAMES[0]}").click()
    expect(steps.window(page, f"Delete the password for “{NAMES[0]}”?")).to_be_visible()
    look(page, "delete")

    page.goto(f"{steps.WINDOWS}disable/")
    expect(steps.window(page, "Turn off security passwords?")).to_be_visible()
    look(page, "disable")


def test_the_page_with_what_devices_did(
    visit: Visit, owner: Account, look: Look
) -> None:
    """One device, ten, and none of the list; drawn, and as a table."""
    row, _secret = factories.make_client_password(owner, NAMES[0])
    factories.make_logon_days(row)
    page = visit(steps.AREA, owner)
    page.get_by_text("Day by day").click()
    expect(page.get_by_role("table")).to_be_visible()
    look(page, "area-strip")

    for number in range(9):
        row, _secret = factories.make_client_password(owner, f"{NAMES[3]} {number}")
        factories.make_logon_days(row, days=3 * number)
    factories.make_logon(owner, reason="wrong-password", by_web_password=False)
    page.reload()
    page.get_by_text("7 more devices, and day by day").click()
    page.get_by_text("Server settings").click()
    look(page, "area-strip-ten")

    page.goto(f"{steps.WINDOWS}sign-ins/?refused")
    expect(page.get_by_text("wrong password")).to_be_visible()
    look(page, "sign-ins-refused")

    page.goto(f"{steps.WINDOWS}{row.pk}/")
    page.get_by_text("What it may be used for").click()
    look(page, "device-unfolded")


def test_days_are_whole_words_beside_long_names(visit: Visit, owner: Account) -> None:
    """On a phone, in German, whose months are long."""
    Account.objects.update(language="de")
    for name in ("W" * 60, "Ersatzarbeitsplatzrechner der Schifffahrtsgesellschaft"):
        row, _secret = factories.make_client_password(owner, name)
        factories.make_logon_days(row)
    page = visit(steps.AREA, owner, width=PHONE)
    for width in (PHONE, NARROW):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(UNFOLDED) == []


def test_the_page_while_the_mail_server_is_silent(
    visit: Visit, owner: Account, look: Look
) -> None:
    used, _secret = factories.make_client_password(owner, NAMES[0])
    factories.make_client_password(owner, NAMES[3])
    idling.use(used)
    idling.follow("mx1", to=timezone.now() - timedelta(hours=1))
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("not available right now")).to_have_count(1)
    look(page, "area-silent")

    steps.link(page, NAMES[0]).click()
    expect(
        page.get_by_text("The mail server has not reported any sign-ins since")
    ).to_be_visible()
    look(page, "device-silent")

    page.goto(f"{steps.WINDOWS}lost/")
    expect(steps.window(page, "Which devices did you lose?")).to_be_visible()
    look(page, "lost-silent")


def test_the_page_at_the_limit(
    visit: Visit, owner: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {409}
    for number in range(1, 11):
        factories.make_client_password(owner, f"Phone {number}")
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("You have reached the limit of 10.")).to_be_visible()
    look(page, "area-limit")

    page.goto(steps.NEW)
    expect(page.get_by_role("alert")).to_contain_text("No text message was sent.")
    look(page, "identity-limit")


def test_the_page_locked(visit: Visit, bob: Account, look: Look) -> None:
    page = visit(steps.AREA, bob)
    expect(steps.switch(page)).to_be_disabled()
    look(page, "area-required")


def test_the_page_blocked(visit: Visit, owner: Account, look: Look) -> None:
    factories.make_client_password(owner, NAMES[0])
    Policy.objects.update(third_party_logon=False)
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("Third-party client logon is off")).to_be_visible()
    look(page, "area-blocked")

    page.goto("/")
    expect(page.get_by_text("Mail programs cannot connect")).to_be_visible()
    look(page, "overview-blocked")


def test_the_page_with_a_protocol_off(visit: Visit, owner: Account, look: Look) -> None:
    Policy.objects.update(pop3=False)
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("POP3 is switched off")).to_be_visible()
    look(page, "area-protocol-off")


def test_the_page_without_a_phone(visit: Visit, owner: Account, look: Look) -> None:
    Phone.objects.all().delete()
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("No phone number is on file.")).to_be_visible()
    look(page, "area-no-phone")


def test_the_page_with_codes_locked(visit: Visit, owner: Account, look: Look) -> None:
    Phone.objects.update(throttling_failure_count=20)
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("Too many wrong codes were entered.")).to_be_visible()
    look(page, "area-codes-locked")


def test_the_page_with_a_cut_off_that_is_open(
    visit: Visit, owner: Account, look: Look, settings: Settings
) -> None:
    settings.DOVEADM_URLS = [standins.closed_port()]
    row, _secret = factories.make_client_password(owner, NAMES[0])
    page = visit(f"{steps.WINDOWS}{row.pk}/delete/", owner)
    steps.button(page, "Delete").click()
    expect(page.get_by_text("may still be connected")).to_be_visible()
    look(page, "area-cut-off-open")


# --- the identity window and the password ---------------------------------------------


def test_the_identity_window(
    visit: Visit, owner: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    page = visit(steps.NEW, owner)
    expect(steps.window(page, "Identity authentication")).to_be_visible()
    look(page, "identity")

    steps.get_code(page)
    look(page, "identity-code-sent")

    steps.type_code(page, steps.wrong_code())
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    page.get_by_text("Not received?").click()
    look(page, "identity-code-wrong")


def test_the_identity_window_without_a_provider(
    visit: Visit, owner: Account, look: Look, settings: Settings, watch: Watch
) -> None:
    watch.expected |= {503}
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_API_URL = standins.closed_port()
    page = visit(steps.NEW, owner)

    steps.button(page, "Get Dynamic Captcha").click()
    expect(page.get_by_text("The text message could not be sent.")).to_be_visible()
    look(page, "identity-not-sent")


def test_the_password(visit: Visit, owner: Account, look: Look, watch: Watch) -> None:
    watch.expected |= {409}
    page = visit(steps.AREA, owner)
    steps.issue(page)
    look(page, "reveal")

    page.get_by_text("Spell it out").click()
    page.get_by_role("dialog").get_by_text("Server settings").click()
    look(page, "reveal-unfolded")

    steps.button(page, "OK").click()
    expect(page.get_by_text("You have not copied it.")).to_be_visible()
    look(page, "reveal-not-copied")

    page.reload()
    expect(steps.window(page, steps.ALREADY_SHOWN)).to_be_visible()
    look(page, "already-shown")


def test_the_list_after_a_password_is_saved(
    visit: Visit, owner: Account, look: Look
) -> None:
    page = visit(steps.AREA, owner)
    steps.issue(page)
    steps.button(page, "Copy").click()
    steps.name_device(page, "Phone of Alice")
    look(page, "area-saved")
