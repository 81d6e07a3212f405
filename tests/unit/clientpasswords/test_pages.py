"""The settings page, the windows, and the words of every refusal."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Account, Cutoff
from tests import standins
from tests.factories import make_client_password
from tests.unit.clientpasswords.refusals import assert_says
from tests.unit.support import set_policy, text_of

pytestmark = pytest.mark.both_databases

INDEX = "/settings/account-security/"
NEW = f"{INDEX}security-passwords/new/"


# --- the page -------------------------------------------------------------------------


def test_off_the_page_offers_to_turn_on_and_no_generate(browser: Client) -> None:
    page = text_of(browser)

    assert "Third-Party Client Logon Security Management" in page
    assert "Third-Party Client Security Password" in page
    assert 'role="switch" aria-checked="false"' in page
    assert "Generate New Password" not in page


@pytest.mark.usefixtures("client_passwords_on")
def test_on_the_page_offers_to_generate(browser: Client) -> None:
    page = text_of(browser)

    assert 'role="switch" aria-checked="true"' in page
    assert "Generate New Password" in page
    assert "No security passwords yet." in page
    assert "+1 ••• •••• ••23" in page
    assert "2025550123" not in page


def test_required_the_switch_is_locked_and_generate_is_there(
    client: Client, bob: Account
) -> None:
    client.force_login(bob)

    page = text_of(client)

    assert "Your administrator requires security passwords." in page
    assert "The rule comes from the policy of bob@example.com." in page
    assert "aria-disabled" in page
    assert reverse("clientpasswords:disable") not in page
    assert "Generate New Password" in page


def test_turned_off_the_list_stays_and_says_that_it_sleeps(
    browser: Client, alice: Account
) -> None:
    make_client_password(alice, "Old phone")

    page = text_of(browser)

    assert "Old phone" in page
    assert "Paused while the switch is off." in page


@pytest.mark.usefixtures("client_passwords_on")
def test_the_list_shows_the_devices_that_are_not_deleted(
    browser: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, "Kept")
    make_client_password(alice, "Gone", revoked_at="2026-01-01T00:00Z")

    page = text_of(browser)

    assert "Kept" in page
    assert "Gone" not in page
    assert "Security passwords (1 of 10)" in page
    assert row.selector not in page.replace(str(row.pk), "")
    assert "argon2" not in page


@pytest.mark.usefixtures("client_passwords_on")
def test_names_are_escaped_wherever_they_are_shown(
    browser: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, "<img src=x onerror=alert(1)>")
    pk = row.pk

    pages = [
        text_of(browser),
        text_of(browser, reverse("clientpasswords:delete", args=[pk])),
        browser.post(
            reverse("clientpasswords:name", args=[pk]),
            {"label": "<b>x</b>"},
            follow=True,
        ).content.decode(),
        browser.post(
            reverse("clientpasswords:delete", args=[pk]), follow=True
        ).content.decode(),
    ]

    for page in pages:
        assert "<img src=x" not in page
        assert "<b>x</b>" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in pages[0]


@pytest.mark.usefixtures("client_passwords_on")
def test_the_page_takes_few_queries_whatever_the_number_of_passwords(
    browser: Client,
    alice: Account,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_client_password(alice)
    browser.get(INDEX)  # once a minute the session is written

    with django_assert_max_num_queries(8) as with_one:
        browser.get(INDEX)
    for _ in range(8):
        make_client_password(alice)
    with django_assert_max_num_queries(8) as with_nine:
        browser.get(INDEX)

    assert len(with_one) == len(with_nine)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"third_party_logon": False}, "Third-party client logon is off"),
        (
            {"imap": False, "pop3": False, "smtp": False},
            "IMAP, POP3 and SMTP are all switched off",
        ),
        ({"pop3": False}, "POP3 is switched off for your mailbox."),
        ({"pop3": False, "smtp": False}, "POP3, SMTP are switched off"),
        ({"max_client_passwords": 1}, "You have reached the limit of 1."),
    ],
)
def test_the_page_says_what_the_policy_forbids(
    client: Client, bob: Account, fields: dict[str, bool | int], said: str
) -> None:
    make_client_password(bob)
    set_policy(bob, **fields)
    client.force_login(bob)

    page = text_of(client)

    assert said in page
    may_generate = said.startswith("POP3")
    assert ("Generate New Password" in page) is may_generate


def test_servers_are_shown_for_the_protocols_that_work(
    client: Client, bob: Account
) -> None:
    set_policy(bob, pop3=False)
    client.force_login(bob)

    page = text_of(client)

    assert "imap.example.com" in page
    assert "smtp.example.com" in page
    assert "pop.example.com" not in page


def test_where_no_program_connects_none_is_said_to_and_no_server_is_shown(
    client: Client, alice: Account
) -> None:
    set_policy(alice, third_party_logon=False)
    client.force_login(alice)

    page = text_of(client)

    assert "Mail programs use your web password" not in page
    assert "imap.example.com" not in page
    assert page.count("Third-party client logon is off") == 1


def test_a_refusal_is_said_once(client: Client, bob: Account) -> None:
    set_policy(bob, third_party_logon=False)
    client.force_login(bob)

    answer = client.post(f"{INDEX}security-passwords/disable/")

    assert answer.text.count("Your administrator requires security passwords.") == 2
    assert answer.text.count("You cannot turn this off.") == 2


@pytest.mark.usefixtures("client_passwords_on")
def test_an_open_connection_is_said_until_the_mail_server_confirms(
    browser: Client, alice: Account, settings: Settings
) -> None:
    settings.DOVEADM_URLS = [standins.closed_port()]
    row, _secret = make_client_password(alice)

    browser.post(reverse("clientpasswords:delete", args=[row.pk]))

    assert "may still be connected" in text_of(browser)
    Cutoff.objects.update(kicks=1)
    assert "may still be connected" not in text_of(browser)


# --- the switch -----------------------------------------------------------------------


def test_the_window_says_what_stops_working_before_it_does(browser: Client) -> None:
    page = text_of(browser, reverse("clientpasswords:enable"))

    assert "Your web password stops working in mail programs at once." in page


def test_turning_on_and_off_leads_back_to_the_list(
    browser: Client, alice: Account
) -> None:
    on = browser.post(reverse("clientpasswords:enable"))
    alice.refresh_from_db()
    was_on = alice.client_passwords_on
    set_policy(alice, code_to_switch_off=False)
    off = browser.post(reverse("clientpasswords:disable"))
    alice.refresh_from_db()

    assert on["Location"] == off["Location"] == f"{INDEX}#third-party"
    assert (was_on, alice.client_passwords_on) == (True, False)


def test_what_is_required_is_not_turned_off_by_a_forged_form(
    client: Client, bob: Account
) -> None:
    Account.objects.filter(pk=bob.pk).update(client_passwords_on=True)
    client.force_login(bob)

    response = client.post(reverse("clientpasswords:disable"))

    bob.refresh_from_db()
    assert_says(response, "required")
    assert bob.client_passwords_on


@pytest.mark.parametrize("name", ["enable", "disable"])
def test_a_window_that_has_no_use_leads_back(
    client: Client, bob: Account, name: str
) -> None:
    client.force_login(bob)

    response = client.get(reverse(f"clientpasswords:{name}"))

    assert response["Location"] == f"{INDEX}#third-party"
