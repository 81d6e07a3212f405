"""An administrator renames and deletes mailboxes, and releases their addresses."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account, FormerAddress
from tests import factories
from tests.browser import steps
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

LONG = "somebody.with.a.long.name@a-long-name-of-a-domain.example"


def test_a_mailbox_is_renamed_and_its_former_address_released(
    verified: Page, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    mailbox = factories.make_account(LONG)
    verified.goto(f"/admin/accounts/account/{mailbox.pk}/change/")
    verified.get_by_label("Address").first.fill(f"renamed.{LONG}")
    verified.get_by_role("button", name="Save", exact=True).click()
    expect(verified.get_by_text(f"mv -T /srv/mail/{LONG}").first).to_be_visible()
    look(verified, "admin-rename")
    steps.button(verified, f"Rename to renamed.{LONG}").click()
    expect(verified.get_by_text("does not move by itself")).to_be_visible()

    verified.goto("/admin/accounts/formeraddress/")
    look(verified, "admin-former-addresses")
    steps.link(verified, LONG).first.click()
    look(verified, "admin-former-address")
    steps.link(verified, "Release").first.click()
    steps.button(verified, f"Release {LONG}").click()
    expect(verified.get_by_text("This field is required.").first).to_be_visible()
    look(verified, "admin-release")
    verified.get_by_label("Its mail has been moved or removed").check()
    verified.get_by_label("Reason").fill("Moved by hand")
    steps.button(verified, f"Release {LONG}").click()

    expect(verified.get_by_text("is released")).to_be_visible()
    assert not FormerAddress.objects.exists()
    assert Account.objects.filter(address=f"renamed.{LONG}").exists()


def test_the_page_that_asks_about_deletion_is_readable(
    verified: Page, look: Look
) -> None:
    mailbox = factories.make_account(LONG)

    verified.goto(f"/admin/accounts/account/{mailbox.pk}/delete/")

    expect(verified.get_by_text(f"rm -r /srv/mail/{LONG}")).to_be_visible()
    look(verified, "admin-delete-mailbox")
