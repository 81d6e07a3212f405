"""Keeping a security password that nobody used, and a code before the switch."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Account, MailLogon, Policy
from clientpasswords.models import ClientPassword
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look

pytestmark = pytest.mark.browser

UNUSED = "suspended-unused"


@pytest.fixture
def owner(alice: Account) -> Account:
    """Her printer is suspended, her tablet will be; both were made long ago."""
    now = timezone.now()
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(
        suspend_unused_days=30,
        uses_known_to=now,
        client_networks="198.51.100.0/24",
    )
    made = {"created_at": now - timedelta(days=40)}
    for label, days in (("Printer", -3), ("Tablet", 5)):
        at = now + timedelta(days=days, minutes=1)
        factories.make_client_password(alice, label, suspends_at=at, **made)
    return alice


def refusal(label: str) -> str | None:
    row = ClientPassword.objects.get(label=label)
    return MailLogon.objects.get(credential=row.pk, protocol="imap").refusal


def test_what_ends_soon_is_marked(visit: Visit, alice: Account, look: Look) -> None:
    now = timezone.now()
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(client_password_days=90)
    for label, age in (("Old laptop", 85), ("Tablet", 10)):
        made = now - timedelta(days=age, minutes=-1)
        factories.make_client_password(alice, label, created_at=made)

    page = visit(steps.AREA, alice)

    old = page.get_by_role("listitem").filter(has_text="Old laptop")
    expect(old).to_contain_text("Ends soon: Works until")
    new = page.get_by_role("listitem").filter(has_text="Tablet")
    expect(new).not_to_contain_text("Ends soon")
    look(page, "ends-soon")


def test_a_suspended_password_is_brought_back(
    visit: Visit, owner: Account, look: Look
) -> None:
    page = visit(steps.AREA, owner)
    printer = page.get_by_role("listitem").filter(has_text="Printer")
    expect(printer).to_contain_text("Suspended: not used")
    tablet = page.get_by_role("listitem").filter(has_text="Tablet")
    expect(tablet).to_contain_text("left")
    look(page, "unused-list")
    printer.get_by_role("link", name="Use it again").click()
    page.get_by_role("button", name="Get Dynamic Captcha").click()
    expect(page.get_by_text("Code sent")).to_be_visible()
    look(page, "unused-keep")
    assert refusal("Printer") == UNUSED

    steps.type_code(page, steps.last_code())

    expect(page.get_by_text("“Printer” can send and receive mail.")).to_be_visible()
    assert refusal("Printer") is None


def test_the_switch_asks_for_a_code(visit: Visit, owner: Account, look: Look) -> None:
    page = visit(reverse("clientpasswords:disable"), owner)
    page.get_by_role("button", name="Get Dynamic Captcha").click()
    expect(page.get_by_text("Code sent")).to_be_visible()
    look(page, "unused-off")
    page.get_by_label("Dynamic Captcha").fill(steps.last_code())

    page.get_by_role("button", name="OK").click()

    expect(page.get_by_text("Security passwords are turned off.")).to_be_visible()
    assert not Account.objects.get(pk=owner.pk).client_passwords_on
