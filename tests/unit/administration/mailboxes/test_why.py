"""Why can't they connect? The page says what the mail server says, and in its order."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Account, MailSetting, Policy
from accounts.models.protocols import PROTOCOLS
from administration.mailboxes.why import Check
from clientpasswords.logon import decision
from clientpasswords.refusals import REFUSALS, Refusal
from tests.factories import PASSWORD, make_client_password, make_logon
from tests.unit.administration.pages import MANY, MOST_QUERIES
from tests.unit.administration.steps import queries_of

pytestmark = pytest.mark.one_database

OFFICE, ELSEWHERE, WEBMAIL = "192.0.2.7", "198.51.100.7", "127.0.0.2"
CLOSED = {"third_party_logon": False, "imap": False}


def address_of(account: Account) -> str:
    return reverse("admin:accounts_account_why", args=[account.pk])


def ask(browser: Client, account: Account, **asked: str) -> Any:
    return browser.get(address_of(account), asked)


def chain(page: Any, protocol: str = "IMAP") -> list[Check]:
    """The checks of a protocol in their order."""
    assert protocol in page.context["protocols"]
    answers = [dict(answers)[protocol] for _question, answers in page.context["rows"]]
    return [each for each in answers if each is not None]


def failing(page: Any, protocol: str = "IMAP") -> str:
    """The first check that fails, as it is told; empty if none does."""
    (verdict,) = [
        each for each in page.context["verdicts"] if protocol in each.protocols
    ]
    found = verdict.failing
    return f"{found.question} {found.answer}" if found else ""


def test_nothing_stands_in_the_way_as_it_comes(
    administrator: Client, alice: Account
) -> None:
    page = ask(administrator, alice)

    assert page.context["protocols"] == [each.label for each in PROTOCOLS]
    for protocol in page.context["protocols"]:
        assert failing(page, protocol) == ""
        good = [each.is_good for each in chain(page, protocol)]
        assert good == [True] * 3 + [None, True]
    assert page.content.decode().count("The server would let them in.") == 1


@pytest.mark.parametrize(
    ("account", "policy", "told"),
    [
        ({"is_active": False}, {}, ("Is the mailbox active? No", 2)),
        ({}, {"third_party_logon": False}, ("client logon on? No", 1)),
        ({}, {"imap": False}, ("Is the protocol on? No", 0)),
        ({}, {"client_passwords_required": True}, ("that works from there? 0 of 0", 0)),
        ({"client_passwords_on": True}, {}, ("that works from there? 0 of 0", 0)),
        ({"password": "!"}, {}, ("that mail programs can use? No", 0)),
        ({"is_active": False}, CLOSED, ("Is the mailbox active? No", 2)),
        ({}, CLOSED, ("client logon on? No", 1)),
    ],
)
def test_the_first_check_that_fails_is_marked(
    administrator: Client,
    alice: Account,
    account: dict[str, Any],
    policy: dict[str, Any],
    told: tuple[str, int],
) -> None:
    Account.objects.filter(pk=alice.pk).update(**account)
    Policy.objects.update(**policy)

    page = ask(administrator, alice)

    said, not_reached = told
    assert said in failing(page)
    answers = [each.answer for each in chain(page)]
    assert answers.count("not reached") == not_reached
    assert decision.decide(alice.address, "imap", PASSWORD, None).login_name is None


def test_the_networks_of_the_policy_are_looked_at(
    administrator: Client, bob: Account
) -> None:
    _row, secret = make_client_password(bob)
    for policy in Policy.objects.all():
        policy.client_networks = "192.0.2.0/24"
        policy.save()

    said = {
        ip: failing(ask(administrator, bob, ip=ip)) for ip in (OFFICE, ELSEWHERE, "")
    }

    assert said[OFFICE] == said[""] == ""
    assert said[ELSEWHERE].startswith("Are mail programs let in from that network? No")
    verdict = decision.decide(bob.address, "imap", secret, ELSEWHERE)
    assert "network-not-allowed" in verdict.reason


def test_every_protocol_is_asked_at_once(administrator: Client, alice: Account) -> None:
    Policy.objects.update(pop3=False)

    page = ask(administrator, alice)

    assert failing(page, "IMAP") == failing(page, "SMTP") == ""
    assert "Is the protocol on? No" in failing(page, "POP3")
    text = " ".join(page.content.decode().split())
    assert "POP3: Is the protocol on? No" in text
    assert "IMAP, SMTP: The server would let them in." in text


def test_each_security_password_is_told_with_its_state(
    administrator: Client, bob: Account
) -> None:
    make_client_password(bob, "Works")
    past = timezone.now() - timedelta(days=1)
    make_client_password(bob, "Expired", expires_at=past)
    make_client_password(bob, "Send only", imap=False)
    make_client_password(bob, "Office", networks="192.0.2.0/24")
    make_client_password(bob, "Deleted", revoked_at=past)

    def states(ip: str) -> dict[str, str]:
        found = ask(administrator, bob, ip=ip).context["passwords"]
        return {row.label: words for row, words in found}

    assert states(OFFICE) == {
        "Works": "is let in",
        "Expired": "expired",
        "Send only": "IMAP: outside what the password is for; POP3, SMTP: is let in",
        "Office": "is let in",
    }
    assert states(ELSEWHERE)["Office"] == "outside what the password is for"
    assert states("")["Office"] == "is let in"


def test_the_verdict_is_that_of_the_mail_server_from_there(
    administrator: Client, bob: Account
) -> None:
    _row, secret = make_client_password(bob, "Office", networks="192.0.2.0/24")

    for ip in (OFFICE, ELSEWHERE):
        let_in = decision.decide(bob.address, "imap", secret, ip).login_name is not None
        said = failing(ask(administrator, bob, ip=ip))
        assert (said == "") is let_in, ip


def test_the_webmail_is_let_in_all_the_same(
    administrator: Client, bob: Account
) -> None:
    name = MailSetting.WEBMAIL_NETWORKS
    MailSetting.objects.create(name=name, value=f"{WEBMAIL}/32")
    text = "The web password also works from there"

    from_webmail = ask(administrator, bob, ip=WEBMAIL)
    from_elsewhere = ask(administrator, bob, ip=ELSEWHERE)

    assert text in from_webmail.content.decode()
    assert text not in from_elsewhere.content.decode()


def test_the_last_twenty_attempts_are_told_with_their_reason(
    administrator: Client, bob: Account, alice: Account
) -> None:
    row, _secret = make_client_password(bob, "Works")
    make_logon(bob, client_password=row, by_web_password=False)
    for number in range(25):
        at = timezone.now() - timedelta(minutes=number)
        make_logon(
            bob, reason="security-password-required", by_web_password=False, last_at=at
        )
    make_logon(alice, reason="protocol-off")

    page = ask(administrator, bob)

    assert len(page.context["attempts"]) == 20
    text = page.content.decode()
    assert "needs a security password" in text
    assert "protocol switched off" not in text


@pytest.mark.parametrize("language", dict(settings.LANGUAGES))
@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda each: each.key)
def test_each_refusal_leads_with_its_cure_and_an_answer_for_the_ticket(
    administrator: Client, bob: Account, refusal: Refusal, language: str
) -> None:
    """In the language of the reader, and with pages that open."""
    Account.objects.filter(is_staff=True).update(language=language)
    row, _secret = make_client_password(bob, "My iPhone")
    make_logon(bob, reason=refusal.key, client_password=row, network_address=ELSEWHERE)

    page = ask(administrator, bob)

    newest, text = page.context["newest"], page.content.decode()
    with translation.override(language):
        said = [str(refusal.help.cause), str(refusal.help.remedy)]
        assert all(each in unescape(text) for each in said)
        assert said[0] in newest.answer
    assert bob.address in newest.answer
    assert ELSEWHERE in newest.answer
    assert "My iPhone" in newest.answer
    assert "%" not in newest.answer
    assert newest.answer in unescape(text)
    assert len(newest.links) == len(refusal.help.fixes)
    assert all(each.url in unescape(text) for each in newest.links)
    for link in newest.links if language == "en" else ():
        assert administrator.get(link.url).status_code == 200
    assert "The server would let them in." not in text


def test_a_refusal_is_open_until_a_program_is_let_in_from_there(
    administrator: Client, alice: Account
) -> None:
    now = timezone.now()
    for minutes, protocol, ip in ((1, "pop3", ELSEWHERE), (1, "imap", OFFICE)):
        at = now - timedelta(minutes=minutes)
        make_logon(alice, protocol, network_address=ip, last_at=at)
    refused = {"reason": "wrong-password", "by_web_password": False}
    at = now - timedelta(minutes=5)
    make_logon(alice, "imap", network_address=ELSEWHERE, last_at=at, **refused)
    assert ask(administrator, alice).context["newest"].logon.last_at == at
    assert ask(administrator, alice).context["ip"] in {ELSEWHERE, OFFICE}

    make_logon(alice, "imap", network_address=ELSEWHERE, last_at=now)

    page = ask(administrator, alice)
    assert page.context["newest"] is None
    assert "The server would let them in." in page.content.decode()


def test_an_old_refusal_is_history(administrator: Client, alice: Account) -> None:
    at = timezone.now() - timedelta(days=8)
    make_logon(alice, reason="wrong-password", by_web_password=False, last_at=at)

    page = ask(administrator, alice)

    assert page.context["newest"] is None
    assert "wrong password" in page.content.decode()


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("protocol-off", {"imap": False}),
        ("third-party-logon-off", {"third_party_logon": False}),
        ("security-password-required", {"client_passwords_required": True}),
    ],
)
def test_what_was_mended_since_is_said(
    administrator: Client, alice: Account, reason: str, cause: dict[str, bool]
) -> None:
    make_logon(alice, reason=reason, by_web_password=False)
    text = "This was mended since"

    mended = ask(administrator, alice)
    Policy.objects.update(**cause)
    as_before = ask(administrator, alice)

    assert text in mended.content.decode()
    assert text not in as_before.content.decode()


def test_the_address_is_that_of_the_last_attempt(
    administrator: Client, alice: Account
) -> None:
    make_logon(alice, network_address=ELSEWHERE)

    page = ask(administrator, alice)

    assert page.context["ip"] == ELSEWHERE
    assert f'value="{ELSEWHERE}"' in page.content.decode()
    assert ask(administrator, alice, ip="").context["ip"] is None


@pytest.mark.parametrize("ip", ["192.0.2", "everywhere", "192.0.2.0/24"])
def test_what_is_no_address_is_said_at_its_field(
    administrator: Client, alice: Account, ip: str
) -> None:
    page = ask(administrator, alice, ip=ip)

    assert page.status_code == 422
    assert "ip" in page.context["form"].errors
    assert "rows" not in page.context


def test_the_page_is_for_those_who_may_look_at_logons(
    administrator: Client, alice: Account
) -> None:
    admin = Account.objects.get(address="admin@example.com")
    Account.objects.filter(pk=admin.pk).update(is_superuser=False)
    for codename in ("view_account", "administer_whole_host"):
        admin.user_permissions.add(Permission.objects.get(codename=codename))
    assert ask(administrator, alice).status_code == 403

    admin.user_permissions.add(Permission.objects.get(codename="view_logon"))
    assert ask(administrator, alice).status_code == 200
    assert administrator.get("/admin/accounts/account/999/why/").status_code == 404


def test_the_page_of_a_mailbox_leads_there(
    administrator: Client, alice: Account
) -> None:
    page = administrator.get(reverse("admin:accounts_account_change", args=[alice.pk]))

    assert address_of(alice) in page.content.decode()


def test_the_page_asks_little(administrator: Client, bob: Account) -> None:
    for number in range(MANY):
        row, _secret = make_client_password(bob, f"Phone {number}")
        make_logon(bob, client_password=row)

    assert len(queries_of(administrator, address_of(bob))) <= MOST_QUERIES
