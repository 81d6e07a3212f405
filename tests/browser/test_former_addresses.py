"""An administrator renames and deletes mailboxes, and releases their addresses."""

import pytest
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from accounts.models import Account, FormerAddress
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

LONG = "somebody.with.a.long.name@a-long-name-of-a-domain.example"


@pytest.fixture
def page(transactional_db: None, visit: Visit) -> Page:
    operator = factories.make_account(
        "admin@example.com", is_staff=True, is_superuser=True
    )
    TOTPDevice.objects.create(user=operator, name="default")
    return visit("/admin/", operator)


def test_a_mailbox_is_renamed_and_its_former_address_released(
    page: Page, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    mailbox = factories.make_account(LONG)
    page.goto(f"/admin/accounts/account/{mailbox.pk}/change/")
    page.get_by_label("Address").first.fill(f"renamed.{LONG}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(f"mv -T /srv/mail/{LONG}").first).to_be_visible()
    look(page, "admin-rename")
    steps.button(page, "Rename it").click()
    expect(page.get_by_text("does not move by itself")).to_be_visible()

    page.goto("/admin/accounts/formeraddress/")
    look(page, "admin-former-addresses")
    steps.link(page, LONG).first.click()
    look(page, "admin-former-address")
    steps.link(page, "Release").first.click()
    steps.button(page, "Release the address").click()
    expect(page.get_by_text("This field is required.").first).to_be_visible()
    look(page, "admin-release")
    page.get_by_label("Its mail has been moved or removed").check()
    page.get_by_label("Reason").fill("Moved by hand")
    steps.button(page, "Release the address").click()

    expect(page.get_by_text("is released")).to_be_visible()
    assert not FormerAddress.objects.exists()
    assert Account.objects.filter(address=f"renamed.{LONG}").exists()


def test_the_page_that_asks_about_deletion_is_readable(page: Page, look: Look) -> None:
    mailbox = factories.make_account(LONG)

    page.goto(f"/admin/accounts/account/{mailbox.pk}/delete/")

    expect(page.get_by_text(f"rm -r /srv/mail/{LONG}")).to_be_visible()
    look(page, "admin-delete-mailbox")
