"""A domain administrator: what they find, and what they are told they may not do."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from accounts.models import Account, Policy
from clientpasswords.models import Logon
from tests import factories
from tests.browser import steps
from tests.browser.conftest import TOTP_KEY, Visit
from tests.browser.look import Look

pytestmark = pytest.mark.browser


@pytest.fixture
def domain_admin(transactional_db: None) -> Account:
    """Of example.com alone; in the ready-made group."""
    account = factories.make_account("admin@example.com", is_staff=True)
    account.groups.add(Group.objects.get(name="Domain administrators"))
    account.domains_administered.add(account.domain)
    TOTPDevice.objects.create(user=account, name="default", key=TOTP_KEY)
    return account


@pytest.fixture
def page(visit: Visit, domain_admin: Account) -> Page:
    return visit("/admin/", domain_admin)


def test_a_domain_administrator_finds_their_own(page: Page, alice: Account) -> None:
    factories.make_account("zed@elsewhere.example")

    steps.link(page, "Mailboxes").first.click()

    expect(steps.link(page, alice.address)).to_be_visible()
    expect(page.get_by_text("zed@elsewhere.example")).to_have_count(0)


def test_pages_that_are_to_look_at_only_say_why(
    page: Page, alice: Account, look: Look
) -> None:
    Account.objects.filter(pk=alice.pk).update(is_staff=True)
    shared = Policy.objects.get(name="Standard")

    page.goto(f"/admin/accounts/account/{alice.pk}/change/")
    expect(page.get_by_text("Only site operators can change")).to_be_visible()
    expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)
    look(page, "roles-administrators-mailbox")

    page.goto(f"/admin/accounts/policy/{shared.pk}/change/")
    expect(page.get_by_text("This policy is for every domain")).to_be_visible()
    look(page, "roles-policy-for-all")


def test_whoever_would_shut_themselves_out_is_told_at_the_field(
    page: Page, domain_admin: Account, look: Look
) -> None:
    own = factories.make_policy("Ours", domain=domain_admin.domain)
    domain_admin.domain.policy = own
    domain_admin.domain.save()
    at = timezone.now()
    Logon.objects.create(
        account=domain_admin,
        protocol="imap",
        by_web_password=True,
        network_address="192.0.2.7",
        node="one",
        first_at=at,
        last_at=at,
        count=1,
    )

    page.goto(f"/admin/accounts/policy/{own.pk}/change/")
    page.get_by_label("IMAP", exact=True).uncheck()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(
        page.get_by_text("This would lock out your own mail programs")
    ).to_be_visible()
    look(page, "roles-shut-out")
    own.refresh_from_db()
    assert own.imap


def test_an_operators_page_of_an_administrator_gives_groups_and_domains(
    visit: Visit, alice: Account
) -> None:
    operator = factories.make_account(
        "root@example.com", is_staff=True, is_superuser=True
    )
    TOTPDevice.objects.create(user=operator, name="default", key=TOTP_KEY)

    page = visit(f"/admin/accounts/account/{alice.pk}/change/", operator)
    page.get_by_text("Administration", exact=True).last.click()
    page.get_by_label("Administrator", exact=True).check()
    # Only administrators are asked for more.
    page.get_by_role("button", name="Save and continue editing").click()

    page.get_by_text("Administration", exact=True).last.click()
    field = page.locator(".field-domains_administered").get_by_role("searchbox")
    expect(field).to_have_attribute("placeholder", "Domains administered")
    field.fill("example")
    page.get_by_role("option", name="example.com").click()
    page.get_by_role("button", name="Save", exact=True).click()

    expect(page.get_by_text("was changed successfully")).to_be_visible()
    alice.refresh_from_db()
    assert alice.is_staff
    assert alice.domains_administered.get() == alice.domain
