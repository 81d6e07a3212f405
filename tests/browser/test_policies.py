"""What the page says when the administrators have decided."""

import pytest
from playwright.sync_api import expect

from accounts.models import Account, Policy
from gateways import sms
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

ASK = "Ask your administrator"


@pytest.fixture
def policy(db: None) -> Policy:
    """The policy of example.com, where Alice lives."""
    return factories.make_policy()


def decide(policy: Policy, **fields: object) -> None:
    Policy.objects.filter(pk=policy.pk).update(**fields)


def test_a_required_switch_is_on_and_locked_and_says_who_decided(
    visit: Visit, policy: Policy, alice: Account
) -> None:
    decide(policy, client_passwords_required=True)

    page = visit(steps.AREA, alice)

    locked = steps.switch(page)
    expect(locked).to_be_checked()
    expect(locked).to_be_disabled()
    expect(locked).to_have_accessible_description(
        "Your administrator requires security passwords. You cannot turn this off."
        " The rule comes from the policy of example.com."
    )
    locked.focus()
    expect(locked).to_be_focused()
    page.keyboard.press("Space")
    locked.click(force=True)
    expect(locked).to_be_checked()
    assert page.url.endswith(steps.AREA)


def test_where_passwords_are_required_one_is_made_at_once(
    visit: Visit, bob: Account
) -> None:
    page = visit(steps.AREA, bob)

    page.get_by_role("link", name="Generate New Password").click()
    steps.type_code(page, steps.get_code(page))

    assert steps.opens(bob, steps.shown(page))


def test_the_server_refuses_to_turn_off_what_has_become_required(
    visit: Visit, policy: Policy, alice: Account, watch: Watch
) -> None:
    watch.expected |= {403}
    Account.objects.update(client_passwords_on=True)
    page = visit(steps.AREA, alice)
    steps.switch(page).click()

    decide(policy, client_passwords_required=True)
    page.get_by_label("Dynamic Captcha").fill("123456")
    steps.button(page, "OK").click()

    refusal = page.get_by_role("alert")
    expect(refusal).to_contain_text("Your administrator requires security passwords.")
    expect(refusal).to_be_focused()
    expect(steps.switch(page)).to_be_checked()
    expect(steps.switch(page)).to_be_disabled()
    alice.refresh_from_db()
    assert alice.client_passwords_on


def test_third_party_logon_off_is_said_and_nothing_can_be_generated(
    visit: Visit, policy: Policy, alice: Account, watch: Watch
) -> None:
    watch.expected |= {403}
    Account.objects.update(client_passwords_on=True)
    decide(policy, third_party_logon=False)

    page = visit(steps.AREA, alice)
    expect(page.get_by_text("Third-party client logon is off")).to_contain_text(ASK)
    expect(page.get_by_text("Mail programs cannot connect")).to_be_visible()
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()

    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    steps.button(page, "Copy a message for your administrator").click()
    wanted = "Please allow mail programs to connect to the mailbox alice@example.com."
    assert page.evaluate("navigator.clipboard.readText()") == wanted

    page.goto(steps.NEW)
    window = steps.window(page, "Third-party client logon is off")
    expect(window.get_by_role("alert")).to_contain_text("Ask your administrator")
    expect(page.get_by_role("button", name="Get Dynamic Captcha")).to_be_hidden()
    expect(steps.button(page, "Next")).to_be_hidden()
    assert sms.outbox == []


def test_the_overview_says_it_when_nothing_can_connect(
    visit: Visit, policy: Policy, alice: Account
) -> None:
    decide(policy, third_party_logon=False)

    page = visit("/", alice)

    expect(page.get_by_text("Mail programs cannot connect")).to_be_visible()
    steps.link(page, "See why").click()
    expect(page.get_by_text("Third-party client logon is off")).to_be_visible()


def test_protocols_that_are_off_are_named_and_their_servers_not_shown(
    visit: Visit, policy: Policy, alice: Account
) -> None:
    decide(policy, pop3=False, smtp=False)

    page = visit(steps.AREA, alice)

    said = page.get_by_text("POP3, SMTP are switched off for your mailbox.")
    expect(said).to_be_visible()
    expect(page.get_by_text("Still working: IMAP.")).to_be_visible()
    expect(page.get_by_text("imap.example.com")).to_be_visible()
    expect(page.get_by_text("pop.example.com")).to_be_hidden()
    expect(page.get_by_text("smtp.example.com")).to_be_hidden()


def test_all_protocols_off_are_said_and_nothing_can_be_generated(
    visit: Visit, policy: Policy, bob: Account
) -> None:
    own = bob.policy
    assert own is not None
    decide(own, imap=False, pop3=False, smtp=False)

    page = visit(steps.AREA, bob)

    said = page.get_by_text("IMAP, POP3 and SMTP are all switched off")
    expect(said).to_contain_text(ASK)
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()


def test_the_limit_is_said_before_a_text_message_is_spent(
    visit: Visit, policy: Policy, alice: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    Account.objects.update(client_passwords_on=True)
    decide(policy, max_client_passwords=2)
    for label in ("Phone", "Laptop"):
        factories.make_client_password(alice, label)

    page = visit(steps.AREA, alice)
    expect(page.get_by_text("Security passwords (2 of 2)")).to_be_visible()
    expect(page.get_by_text("You have reached the limit of 2.")).to_be_visible()
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()

    page.goto(steps.NEW)
    expect(page.get_by_role("alert")).to_contain_text("No text message was sent.")
    expect(page.get_by_role("button", name="Get Dynamic Captcha")).to_be_hidden()
    assert sms.outbox == []


def test_a_limit_reached_meanwhile_costs_no_text_message(
    visit: Visit, policy: Policy, bob: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    page = visit(steps.NEW, bob)

    Policy.objects.update(max_client_passwords=1)
    factories.make_client_password(bob)
    steps.button(page, "Get Dynamic Captcha").click()

    expect(page.get_by_role("alert")).to_contain_text("No text message was sent.")
    assert sms.outbox == []


def test_without_a_phone_the_page_says_whom_to_ask(
    visit: Visit, policy: Policy, watch: Watch, transactional_db: None
) -> None:
    watch.expected |= {409}
    carol = factories.make_account("carol@example.com", client_passwords_on=True)

    page = visit(steps.AREA, carol)
    expect(page.get_by_text("No phone number is on file.")).to_be_visible()
    expect(page.get_by_text(ASK)).to_be_visible()
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()

    page.goto(steps.NEW)
    window = steps.window(page, "No phone number is on file.")
    expect(window.get_by_role("alert")).to_contain_text("Ask your administrator")
    expect(page.get_by_label("Dynamic Captcha")).to_be_hidden()
