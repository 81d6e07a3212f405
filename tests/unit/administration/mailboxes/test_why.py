"""Why can't they connect? The page says what the mail server says, and in its order."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, MailSetting, Policy
from clientpasswords.logon import decision
from tests.factories import PASSWORD, make_client_password, make_logon
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import queries_of

OFFICE, ELSEWHERE, WEBMAIL = "192.0.2.7", "198.51.100.7", "127.0.0.2"
CLOSED = {"third_party_logon": False, "imap": False}


def address_of(account: Account) -> str:
    return reverse("admin:accounts_account_why", args=[account.pk])


def ask(browser: Client, account: Account, **asked: str) -> Any:
    return browser.get(address_of(account), asked or {"protocol": "imap"})


def failing(browser: Client, account: Account, **asked: str) -> str:
    """The first check that fails, as it is told; empty if none does."""
    found = ask(browser, account, **asked).context["failing"]
    return f"{found.question} {found.answer}" if found else ""


def test_nothing_stands_in_the_way_as_it_comes(
    administrator: Client, alice: Account
) -> None:
    page = ask(administrator, alice)

    assert page.context["failing"] is None
    assert [each.is_good for each in page.context["checks"]] == [True] * 3 + [
        None,
        True,
    ]
    assert "The server would let them in." in page.content.decode()


@pytest.mark.parametrize(
    ("account", "policy", "told"),
    [
        ({"is_active": False}, {}, ("Is the mailbox active? No", 2)),
        ({}, {"third_party_logon": False}, ("client logon on? No", 1)),
        ({}, {"imap": False}, ("Is IMAP on? No", 0)),
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
    found = page.context["failing"]
    assert said in f"{found.question} {found.answer}"
    answers = [each.answer for each in page.context["checks"]]
    assert answers.count("not reached") == not_reached
    assert decision.decide(alice.address, "imap", PASSWORD, None).login_name is None


def test_the_networks_of_the_policy_are_looked_at(
    administrator: Client, bob: Account
) -> None:
    _row, secret = make_client_password(bob)
    for policy in Policy.objects.all():
        policy.client_networks = "192.0.2.0/24"
        policy.save()

    said = {ip: failing(administrator, bob, ip=ip) for ip in (OFFICE, ELSEWHERE, "")}

    assert said[OFFICE] == said[""] == ""
    assert said[ELSEWHERE].startswith("Are mail programs let in from that network? No")
    verdict = decision.decide(bob.address, "imap", secret, ELSEWHERE)
    assert "network-not-allowed" in verdict.reason


def test_it_is_asked_by_protocol(administrator: Client, alice: Account) -> None:
    Policy.objects.update(pop3=False)

    assert failing(administrator, alice, protocol="imap") == ""
    assert "Is POP3 on? No" in failing(administrator, alice, protocol="pop3")


def test_each_security_password_is_told_with_its_state(
    administrator: Client, bob: Account
) -> None:
    make_client_password(bob, "Works")
    past = timezone.now() - timedelta(days=1)
    make_client_password(bob, "Expired", expires_at=past)
    make_client_password(bob, "Send only", imap=False)
    make_client_password(bob, "Office", networks="192.0.2.0/24")
    make_client_password(bob, "Deleted", revoked_at=past)

    def states(ip: str) -> dict[str, str | None]:
        found = ask(administrator, bob, protocol="imap", ip=ip).context["passwords"]
        return {row.label: refusal for row, refusal, _words in found}

    assert states(OFFICE) == {
        "Works": None,
        "Expired": "expired",
        "Send only": "out-of-scope",
        "Office": None,
    }
    assert states(ELSEWHERE)["Office"] == "out-of-scope"
    assert states("")["Office"] is None


def test_the_verdict_is_that_of_the_mail_server_from_there(
    administrator: Client, bob: Account
) -> None:
    _row, secret = make_client_password(bob, "Office", networks="192.0.2.0/24")

    for ip in (OFFICE, ELSEWHERE):
        let_in = decision.decide(bob.address, "imap", secret, ip).login_name is not None
        said = failing(administrator, bob, protocol="imap", ip=ip)
        assert (said == "") is let_in, ip


def test_the_webmail_is_let_in_all_the_same(
    administrator: Client, bob: Account
) -> None:
    name = MailSetting.WEBMAIL_NETWORKS
    MailSetting.objects.create(name=name, value=f"{WEBMAIL}/32")
    text = "The web password also works from there"

    from_webmail = ask(administrator, bob, protocol="imap", ip=WEBMAIL)
    from_elsewhere = ask(administrator, bob, protocol="imap", ip=ELSEWHERE)

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


@pytest.mark.parametrize("ip", ["192.0.2", "everywhere", "192.0.2.0/24"])
def test_what_is_no_address_is_said_at_its_field(
    administrator: Client, alice: Account, ip: str
) -> None:
    page = ask(administrator, alice, protocol="imap", ip=ip)

    assert page.status_code == 422
    assert "ip" in page.context["form"].errors
    assert "checks" not in page.context


def test_a_protocol_that_is_none_is_refused(
    administrator: Client, alice: Account
) -> None:
    assert ask(administrator, alice, protocol="gopher").status_code == 422


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
    for number in range(MOST_QUERIES):
        row, _secret = make_client_password(bob, f"Phone {number}")
        make_logon(bob, client_password=row)

    assert len(queries_of(administrator, address_of(bob))) <= MOST_QUERIES
