"""Try it: the page says what `check_logon` says, in sentences, and keeps no secret."""

import io
import sys
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, MailSetting, Policy, SecurityEvent
from accounts.models.protocols import PROTOCOL_KEYS
from administration.mailboxes import tryout
from clientpasswords import refusals
from clientpasswords.models import ClientPassword
from tests.factories import PASSWORD, make_account, make_client_password, make_policy
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.support import everything_in_the_database, sign_in

TRY = "/admin/accounts/account/try/"
WRONG = "what somebody guesses"
pytestmark = pytest.mark.both_databases


def try_it(browser: Client, account: Account, password: str = "", **fields: Any) -> Any:
    data = {"address": account.address, "protocol": "imap", "password": password}
    return browser.post(TRY, data | fields)


def words_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def check_logon(
    monkeypatch: pytest.MonkeyPatch, address: str, password: str, protocol: str, ip: str
) -> tuple[bool, str]:
    """What the command says: whether it is let in, and by what or why not."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(password))
    said = io.StringIO()
    more = {"ip": ip} if ip else {}
    try:
        call_command("check_logon", address, protocol=protocol, stdout=said, **more)
    except CommandError as error:
        return False, str(error).removeprefix("refused: ")
    return True, said.getvalue().partition(" by ")[2].strip()


# --- it agrees with the command -------------------------------------------------------


@pytest.fixture
def secrets(administrator: Client) -> dict[str, list[str]]:
    """Mailboxes in every state, with what can be typed at each."""
    MailSetting.objects.create(name="webmail_networks", value="192.0.2.0/24")
    now, required = timezone.now(), {"client_passwords_required": True}
    policies: dict[str, dict[str, Any]] = {
        "free": {},
        "required": required,
        "closed": {"third_party_logon": False},
        "imap-off": {"imap": False},
        "networks": required | {"client_networks": "203.0.113.0/24"},
    }
    found = {}
    for name, settings in policies.items():
        policy = make_policy(name, **settings)
        account = make_account(f"{name}@example.com", policy=policy)
        found[account.address] = [PASSWORD, WRONG, *make_passwords(account, now)]
    gone = make_account("gone@example.com", is_active=False)
    Account.objects.create_user("none@example.com", None)
    return found | {gone.address: [PASSWORD, WRONG], "none@example.com": [WRONG]}


def make_passwords(account: Account, now: Any) -> list[str]:
    states: list[dict[str, Any]] = [
        {},
        {"revoked_at": now},
        {"expires_at": now - timedelta(hours=1)},
        {"imap": False},
        {"networks": "198.51.100.0/24"},
    ]
    made = []
    for number, state in enumerate(states):
        row, secret = make_client_password(account, f"Device {number}")
        ClientPassword.objects.filter(pk=row.pk).update(**state)
        made.append(secret)
    return made


IPS = ["", "192.0.2.9", "198.51.100.9", "203.0.113.9"]


@pytest.mark.parametrize("protocol", PROTOCOL_KEYS)
def test_the_page_says_what_the_command_says(
    administrator: Client,
    secrets: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    protocol: str,
) -> None:
    for name in ("NAME_AND_NETWORK", "NAME", "NETWORK"):
        setattr(settings, f"SIGN_IN_FAILURES_PER_{name}", 10**6)
    seen = set()
    for address, ip in product(secrets, IPS):
        account = Account.objects.get(address=address)
        commanded = []
        for password in secrets[address]:
            says = check_logon(monkeypatch, address, password, protocol, ip)
            answer = try_it(administrator, account, password, protocol=protocol, ip=ip)
            outcome = answer.context["outcome"]
            event = SecurityEvent.objects.filter(kind=Kind.LOGON_TRIED).latest("pk")

            assert (outcome.is_let_in, event.detail["outcome"]) == says, address
            assert ("✓" in words_of(answer)) is says[0]
            commanded.append(says[0])
        if not ip:
            continue  # networks are not checked
        # Without a password: whether any of them is let in.
        answer = try_it(administrator, account, protocol=protocol, ip=ip)
        assert answer.context["outcome"].is_let_in is any(commanded), (address, ip)
        seen.update(commanded)
    assert seen == {True, False}


# --- in sentences ---------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_it_answers_in_every_language(
    administrator: Client, bob: Account, language: str
) -> None:
    Account.objects.update(language=language)

    for typed in ("", WRONG, PASSWORD):
        answer = try_it(administrator, bob, typed)
        assert answer.status_code == 200
        assert answer.context["outcome"].advice
        assert f'lang="{language}"' in answer.content.decode().lower()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (PASSWORD, "What you typed is the web password."),
        (WRONG, "What you typed is no password of this mailbox."),
    ],
)
def test_it_says_which_password_was_typed_even_if_that_is_refused(
    administrator: Client, bob: Account, typed: str, said: str
) -> None:
    answer = try_it(administrator, bob, typed)

    assert answer.status_code == 200
    assert said in words_of(answer)
    assert "needs a security password" in words_of(answer)
    assert str(refusals.REQUIRED.help.remedy) in words_of(answer)


def test_a_security_password_is_named_by_its_device(
    administrator: Client, bob: Account
) -> None:
    _row, secret = make_client_password(bob, "My <i>iPhone</i>")

    answer = try_it(administrator, bob, secret.upper())

    assert "Yes, the mail server would let it in." in words_of(answer)
    assert "“My &lt;i&gt;iPhone&lt;/i&gt;”" in words_of(answer)


def test_the_form_is_filled_in_by_a_link_but_never_the_password(
    administrator: Client, bob: Account
) -> None:
    query = f"?address={bob.address}&protocol=pop3&ip=192.0.2.1&password={PASSWORD}"

    html = administrator.get(TRY + query).content.decode()

    assert f'value="{bob.address}"' in html
    assert '<option value="pop3" selected' in html
    assert PASSWORD not in html
    assert not SecurityEvent.objects.filter(kind=Kind.LOGON_TRIED).exists()


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"address": "nobody@example.com"}, "address"),
        ({"address": "no address"}, "address"),
        ({"protocol": "sieve"}, "protocol"),
        ({"ip": "192.0.2.0/24"}, "ip"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(
    administrator: Client, bob: Account, fields: dict[str, str], at: str
) -> None:
    answer = try_it(administrator, bob, PASSWORD, **fields)

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [at]
    assert PASSWORD not in answer.content.decode()


# --- limits, traces and roles ---------------------------------------------------------


def test_wrong_passwords_count_as_they_do_at_the_sign_in(
    clock: Traveller, administrator: Client, alice: Account, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 3
    for _time in range(5):  # right ones cost nothing
        assert try_it(administrator, alice, PASSWORD).status_code == 200
    for _time in range(3):
        assert try_it(administrator, alice, WRONG).status_code == 200

    refused = try_it(administrator, alice, PASSWORD)

    assert refused.status_code == 429
    assert "Too many wrong passwords." in words_of(refused)
    assert "outcome" not in refused.context
    assert sign_in(Client(), alice.address, PASSWORD).status_code == 429
    assert try_it(administrator, alice).status_code == 200


def test_who_checked_a_password_is_recorded_and_no_sign_in_that_failed(
    administrator: Client, alice: Account
) -> None:
    try_it(administrator, alice, WRONG, ip="198.51.100.7")

    (event,) = SecurityEvent.objects.filter(address=alice.address)
    assert (event.kind, event.actor) == (Kind.LOGON_TRIED, "admin@example.com")
    assert event.detail == {"protocol": "imap", "outcome": "wrong-password"}


@pytest.mark.parametrize("is_right", [True, False])
def test_what_was_typed_is_nowhere_afterwards(
    administrator: Client,
    alice: Account,
    caplog: pytest.LogCaptureFixture,
    *,
    is_right: bool,
) -> None:
    row, secret = make_client_password(alice)
    typed = secret if is_right else secret[::-1]

    answer = try_it(administrator, alice, typed)

    assert "no-store" in answer["Cache-Control"]
    kept = answer.content.decode() + caplog.text + everything_in_the_database()
    kept += str([each.get_decoded() for each in Session.objects.all()])
    assert typed not in kept
    assert row.hash not in answer.content.decode()


@pytest.mark.parametrize("role", ["help", "domain", "operator"])
def test_whoever_helps_owners_checks_their_passwords(own: World, role: str) -> None:
    answer = try_it(browser_as(role, own), own.owner, PASSWORD)

    assert "What you typed is the web password." in words_of(answer)


def test_who_may_only_look_is_asked_for_no_password(own: World) -> None:
    browser = browser_as("auditor", own)

    page = browser.get(TRY)
    answer = try_it(browser, own.owner, PASSWORD)

    assert 'name="password"' not in page.content.decode()
    assert "What you typed" not in words_of(answer)
    assert answer.context["outcome"].is_let_in


def test_a_mailbox_of_another_domain_is_as_one_that_does_not_exist(
    own: World, foreign: World
) -> None:
    browser = browser_as("help", own)

    told = [
        try_it(browser, own.owner, PASSWORD, address=address)
        for address in (foreign.owner.address, "nobody@zzforeign.example")
    ]

    assert [answer.status_code for answer in told] == [422, 422]
    errors = [answer.context["form"].errors for answer in told]
    assert errors[0] == errors[1] == {"address": [tryout.NOT_YOURS]}
    assert not SecurityEvent.objects.filter(kind=Kind.LOGON_TRIED).exists()


def test_the_password_of_an_administrator_is_checked_by_operators_alone(
    own: World,
) -> None:
    above = make_administrator("operator", own.domain)

    refused = try_it(browser_as("help", own), above, PASSWORD)
    rules = try_it(browser_as("domain", own), above)
    done = try_it(browser_as("superuser", own), above, PASSWORD)

    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == ["password"]
    assert (rules.status_code, done.status_code) == (200, 200)


def test_a_mailbox_and_the_page_why_lead_there(
    administrator: Client, bob: Account
) -> None:
    link = f'href="{TRY}?address=bob%40example.com"'
    for page in ("change", "why", "welcome"):
        address = reverse(f"admin:accounts_account_{page}", args=[bob.pk])
        html = administrator.get(address).content.decode().replace("@", "%40")
        assert link in html, page


def test_no_policy_is_changed_by_asking(administrator: Client, bob: Account) -> None:
    before = list(Policy.objects.values()), list(Account.objects.values())

    try_it(administrator, bob, PASSWORD)

    assert (list(Policy.objects.values()), list(Account.objects.values())) == before
