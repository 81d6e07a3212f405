"""What a help desk and an operator look at: in a browser, and by everybody."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account
from provisioning import statistics
from tests import factories
from tests.browser import steps
from tests.browser.look import Look
from tests.factories import make_logon
from tests.unit.administration.jobsteps import ordered, work_off

pytestmark = pytest.mark.browser


# A dozen pages, each looked at nine times.
@pytest.mark.parametrize("language", ["en", "de"])
def test_the_screens_of_a_help_desk_are_for_everybody(
    verified: Page, admin: Account, bob: Account, look: Look, language: str
) -> None:
    """Light and dark, wide and narrow, and without a finding of axe's."""
    Account.objects.filter(pk=admin.pk).update(language=language)
    soon = timezone.now() + timedelta(days=9)
    scanner = factories.make_policy("Scanner", client_passwords_required=True)
    until = {"until_0": f"{soon:%Y-%m-%d}", "until_1": "12:00"}
    work_off(ordered(admin, "set_policy", [bob], policy=str(scanner.pk), **until))
    row, _secret = factories.make_client_password(bob, networks="192.0.2.0/24")
    make_logon(bob, client_password=row)
    make_logon(bob, reason="security-password-required", by_web_password=False)
    work_off(ordered(admin, "unlock_codes", [bob]))
    statistics.count_now()
    base = "/admin/accounts"
    pages = {
        "overview": "/admin/",
        "mailboxes": f"{base}/account/",
        "exceptions": f"{base}/account/?exception=ending",
        "mailbox": f"{base}/account/{bob.pk}/change/",
        "why": f"{base}/account/{bob.pk}/why/?ip=198.51.100.7",
        "domains": f"{base}/domain/",
        "domain": f"{base}/domain/{bob.domain_id}/change/",
        "department": f"{base}/department/add/",
        "events": f"{base}/securityevent/",
        "actions": "/admin/administration/job/",
        "passwords": "/admin/clientpasswords/clientpassword/",
        "password": f"/admin/clientpasswords/clientpassword/{row.pk}/change/",
    }

    for name, page in pages.items():
        verified.goto(page)
        look(verified, f"admin-{name}-{language}")


def test_a_domain_gets_another_policy_once_that_was_seen(
    verified: Page, alice: Account
) -> None:
    factories.make_policy("Strict", client_passwords_required=True)
    make_logon(alice)

    verified.goto(f"/admin/accounts/domain/{alice.domain_id}/change/")
    verified.locator(".field-policy").get_by_role("combobox").click()
    verified.locator(".select2-search__field").fill("Stri")
    verified.get_by_role("option", name="Strict").click()
    steps.button(verified, "Save").click()
    expect(verified.get_by_text("Applies to 2 mailboxes.")).to_be_visible()
    assert steps.opens(alice, factories.PASSWORD)
    steps.button(verified, "Change for 2 mailboxes").click()
    expect(verified.get_by_text("was changed successfully")).to_be_visible()

    assert not steps.opens(alice, factories.PASSWORD)


def test_a_help_desk_finds_out_why(verified: Page, bob: Account) -> None:
    verified.goto("/admin/accounts/account/")
    verified.get_by_role("textbox").first.fill("bob")
    steps.button(verified, "Search").click()
    steps.link(verified, bob.address).click()
    steps.link(verified, "Why can't they connect?").click()

    answer = "Is there a security password that works from there? 0 of 0"
    expect(verified.get_by_text(answer)).to_be_visible()


def test_the_overview_leads_to_its_lists(verified: Page, bob: Account) -> None:
    steps.button(verified, "Count again").click()
    verified.get_by_role("link", name="1 Mailboxes that need security").click()

    expect(steps.link(verified, bob.address)).to_be_visible()
    expect(verified.get_by_text("1 mailbox", exact=True).first).to_be_visible()
