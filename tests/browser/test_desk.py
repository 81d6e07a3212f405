"""What a help desk sees of a mailbox that is in trouble, and what it copies."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account, Phone
from tests import factories
from tests.browser import steps
from tests.browser.look import Look
from tests.factories import make_logon, make_usage

pytestmark = pytest.mark.browser


@pytest.fixture
def trouble(bob: Account) -> Account:
    """Bob's phone works, while another program still has the web password."""
    row, _secret = factories.make_client_password(bob, "My iPhone", pop3=False)
    make_usage(row)
    factories.make_client_password(bob, "Office PC", networks="192.0.2.0/24")
    make_logon(bob, client_password=row, last_at=timezone.now())
    make_logon(
        bob,
        reason="security-password-required",
        by_web_password=False,
        network_address="198.51.100.7",
        last_at=timezone.now(),
        count=12,
    )
    Phone.objects.update(throttling_failure_count=20)
    return bob


@pytest.mark.parametrize("language", ["zh-hans", "de"])
def test_a_mailbox_in_trouble_is_for_everybody(
    verified: Page, admin: Account, trouble: Account, look: Look, language: str
) -> None:
    Account.objects.filter(pk=admin.pk).update(language=language)

    for name, page in (("desk", "change/"), ("desk-why", "why/")):
        verified.goto(f"/admin/accounts/account/{trouble.pk}/{page}")
        expect(verified.locator("#newest-refusal")).to_be_visible()
        look(verified, f"{name}-{language}")


def test_the_answer_for_the_ticket_is_copied(verified: Page, trouble: Account) -> None:
    verified.context.grant_permissions(["clipboard-read", "clipboard-write"])
    verified.goto(f"/admin/accounts/account/{trouble.pk}/change/")
    verified.get_by_role("button", name="Copy").click()

    expect(verified.get_by_role("status").get_by_text("Copied")).to_be_visible()
    copied = verified.evaluate("navigator.clipboard.readText()")
    assert trouble.address in copied
    assert "(IMAP, from 198.51.100.7). The program uses" in copied
    assert copied.endswith("/settings/account-security/")


def test_codes_are_unlocked_from_the_page_of_the_mailbox(
    verified: Page, trouble: Account
) -> None:
    verified.goto(f"/admin/accounts/account/{trouble.pk}/change/")
    expect(verified.get_by_text("codes: locked until")).to_be_visible()
    verified.get_by_role("button", name="Unlock codes…").click()
    expect(steps.heading(verified, "1 mailbox selected")).to_be_visible()
    assert Phone.objects.get(account=trouble).locked
    verified.get_by_label("Reason").fill("They called.")
    verified.get_by_role("button", name="Unlock codes for 1 mailbox").click()
    said = verified.get_by_text("Codes work again for 1 mailbox.")
    expect(said).to_be_visible()

    assert not Phone.objects.get(account=trouble).locked
