"""Administrators: the second factor, and a policy that holds at once."""

import re
from base64 import b32decode

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import Page, expect

from accounts.models import Account, Policy
from accounts.policy import effective
from administration.bulk import jobs
from clientpasswords.models import Logon
from tests import factories
from tests.browser import steps
from tests.browser.conftest import TOTP_KEY, Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


def test_without_a_second_factor_an_administrator_is_led_to_set_it_up(
    visit: Visit, admin: Account
) -> None:
    page = visit("/admin/", admin)

    expect(steps.heading(page, "Set up two-step sign-in")).to_be_visible()
    steps.button(page, "Next").click()
    expect(page.get_by_role("img", name="The key as a QR code")).to_be_visible()
    page.get_by_text("I cannot scan it").click()
    key = "".join((page.locator("#totp-key").text_content() or "").split())
    code = totp(b32decode(key))
    page.get_by_label("Code from your authenticator app").fill(f"{code:06}")
    page.get_by_label("Web password").fill(factories.PASSWORD)
    steps.button(page, "Next").click()
    expect(steps.heading(page, "Two-step sign-in is on")).to_be_visible()
    page.get_by_role("link", name="Go to the administration").click()

    expect(steps.heading(page, "Policies and mailboxes")).to_be_visible()


def test_a_wrong_code_at_the_set_up_is_said_at_its_field(
    visit: Visit, admin: Account, watch: Watch
) -> None:
    watch.expected |= {422}
    page = visit("/settings/two-step/set-up/", admin)
    steps.button(page, "Next").click()

    page.get_by_label("Code from your authenticator app").fill("000000")
    page.get_by_label("Web password").fill(factories.PASSWORD)
    steps.button(page, "Next").click()

    field = page.get_by_label("Code from your authenticator app")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert not TOTPDevice.objects.exists()


def test_the_sign_in_asks_for_the_second_step(visit: Visit, admin: Account) -> None:
    TOTPDevice.objects.create(user=admin, name="default", key=TOTP_KEY)
    page = visit("/admin/")

    page.get_by_label("Full address").fill(admin.address)
    page.get_by_label("Web password").fill(factories.PASSWORD)
    steps.button(page, "Sign in").click()
    code = totp(bytes.fromhex(TOTP_KEY))
    page.get_by_label("Code from your authenticator app").fill(f"{code:06}")
    steps.button(page, "Sign in").click()

    expect(steps.heading(page, "Policies and mailboxes")).to_be_visible()


def test_people_who_are_no_administrators_are_refused(
    visit: Visit, alice: Account, watch: Watch
) -> None:
    watch.expected |= {403}

    page = visit("/admin/", alice)

    expect(steps.heading(page, "You do not have access to this page")).to_be_visible()
    steps.link(page, "Go to the start page").click()
    expect(steps.heading(page, alice.address)).to_be_visible()


def test_a_policy_that_is_changed_here_holds_at_once(
    verified: Page, visit: Visit, alice: Account
) -> None:
    owner = visit(steps.AREA, alice)
    expect(steps.switch(owner)).not_to_be_checked()
    assert steps.opens(alice, factories.PASSWORD)

    steps.link(verified, "Policies").first.click()
    steps.link(verified, "Standard").click()
    verified.get_by_label("Security passwords required").check()
    verified.get_by_label("POP3").uncheck()
    steps.button(verified, "Save").click()
    expect(verified.get_by_text("Applies to 2 mailboxes.")).to_be_visible()
    assert steps.opens(alice, factories.PASSWORD)
    steps.button(verified, "Change for 2 mailboxes").click()
    expect(verified.get_by_text("was changed successfully")).to_be_visible()

    assert not steps.opens(alice, factories.PASSWORD)
    owner.reload()
    expect(steps.switch(owner)).to_be_checked()
    expect(steps.switch(owner)).to_be_disabled()
    expect(owner.get_by_text("POP3 is switched off")).to_be_visible()


def test_a_mailbox_gets_an_exception_of_its_own(verified: Page, alice: Account) -> None:
    strict = factories.make_policy("Strict", third_party_logon=False)

    verified.goto(f"/admin/accounts/account/{alice.pk}/change/")
    verified.locator(".field-policy").get_by_role("combobox").click()
    verified.locator(".select2-search__field").fill("Stri")
    verified.get_by_role("option", name="Strict").click()
    verified.get_by_role("button", name="Save", exact=True).click()
    expect(verified.get_by_text("was changed successfully")).to_be_visible()

    alice.refresh_from_db()
    assert alice.policy == strict
    assert not steps.opens(alice, factories.PASSWORD)


def test_every_page_of_the_administration_opens(verified: Page, alice: Account) -> None:
    factories.make_client_password(alice)

    lists = verified.locator("#content-main th a")
    addresses = [str(each.get_attribute("href")) for each in lists.all()]

    assert len(addresses) >= 7
    for address in addresses:
        verified.goto(address)
        expect(verified.locator("#changelist")).to_be_visible()
        for more in verified.locator("#content .addlink, #result_list th a").all()[:2]:
            verified.goto(str(more.get_attribute("href")))
            expect(verified.locator("h1").last).to_be_visible()
            verified.go_back()


def test_a_password_is_revoked_from_its_list(
    verified: Page, alice: Account, look: Look
) -> None:
    row, secret = factories.make_client_password(alice)
    Policy.objects.update(client_passwords_required=True)
    assert steps.opens(alice, secret)

    verified.goto("/admin/clientpasswords/clientpassword/")
    verified.locator("tr", has_text=row.label).get_by_role("checkbox").check()
    action = verified.get_by_role("combobox", name="Action")
    action.select_option(label="Delete")
    steps.button(verified, "Go").click()
    expect(steps.heading(verified, "1 security password selected")).to_be_visible()
    look(verified, "admin-action")
    assert steps.opens(alice, secret)
    verified.get_by_label("Reason").fill("The telephone was lost")
    steps.button(verified, "Delete 1 security password").click()

    expect(steps.heading(verified, "Done")).to_be_visible()
    look(verified, "admin-action-done")
    assert not steps.opens(alice, secret)


def test_a_policy_for_many_is_searched_and_chosen_by_keyboard(
    verified: Page, alice: Account, look: Look
) -> None:
    for number in range(30):
        factories.make_policy(f"Policy {number}")
    strict = factories.make_policy("Strict", third_party_logon=False)

    verified.goto("/admin/accounts/account/")
    verified.locator("tr", has_text=alice.address).get_by_role("checkbox").check()
    action = verified.get_by_role("combobox", name="Action")
    action.select_option(label="Set the policy")
    steps.button(verified, "Go").click()
    field = verified.get_by_role("combobox", name="Policy")
    expect(field).to_contain_text(
        "None of its own: the policy of the department or domain applies"
    )
    look(verified, "admin-action-policy")
    field.focus()
    field.press("Enter")
    expect(verified.get_by_role("searchbox", name="Policy")).to_be_focused()
    verified.keyboard.type("stri")
    expect(verified.get_by_role("option", name="Strict")).to_be_visible()
    expect(verified.get_by_role("option")).to_have_count(1)
    look(verified, "admin-action-policy-search")
    verified.keyboard.press("Enter")
    expect(field).to_contain_text("Strict")
    expect(field).to_be_focused()
    steps.button(verified, "1 mailbox selected: show what changes").click()
    expect(verified.get_by_text("None would lose access now")).to_be_visible()
    look(verified, "admin-action-policy-consequences")
    verified.get_by_label("Reason").fill("As decided")
    verified.keyboard.press("Enter")

    expect(steps.heading(verified, "Done")).to_be_visible()
    alice.refresh_from_db()
    assert alice.policy == strict


def test_a_long_action_shows_how_far_it_is(verified: Page, look: Look) -> None:
    for number in range(jobs.PART_SIZE + 1):
        factories.make_account(f"user{number}@example.com")

    verified.goto("/admin/accounts/account/")
    verified.get_by_label("Select all").check()
    verified.locator(".actions .question a").click()
    action = verified.get_by_role("combobox", name="Action")
    action.select_option(label="Require security passwords")
    steps.button(verified, "Go").click()
    expect(verified.get_by_text("more.", exact=False)).to_be_visible()
    look(verified, "admin-action-on-many")
    verified.get_by_label("Reason").fill("As decided")
    steps.button(verified, f"Require for {jobs.PART_SIZE + 1} mailboxes").click()

    expect(verified.get_by_text(re.compile("^0 of"))).to_be_visible()
    call_command("work_jobs", "--once")
    # Without a hand: the page looks again by itself. Of a job that is worked off and
    # has not ended yet, it says that "102 of 102 are done".
    done = verified.get_by_role("heading", name="Done", exact=True)
    expect(done).to_be_visible()


def test_what_a_policy_touches_is_seen_before_it_is_saved(
    verified: Page, alice: Account, look: Look
) -> None:
    policy = effective.load_effective_policy(alice).policy
    Logon.objects.create(
        account=alice,
        protocol="imap",
        by_web_password=True,
        network_address="192.0.2.7",
        node="one",
        first_at=timezone.now(),
        last_at=timezone.now(),
        count=12,
    )

    verified.goto(f"/admin/accounts/policy/{policy.pk}/change/")
    look(verified, "admin-policy")
    steps.link(verified, "Roll-out report").click()
    expect(verified.get_by_text("192.0.2.7")).to_be_visible()
    look(verified, "admin-rollout")
    verified.go_back()
    verified.get_by_label("Security passwords required").check()
    steps.button(verified, "Save").click()
    expect(verified.get_by_text("1 of them would lose access now")).to_be_visible()
    look(verified, "admin-policy-confirm")
    steps.button(verified, "Change for 2 mailboxes").click()

    expect(verified.get_by_text("was changed successfully")).to_be_visible()
