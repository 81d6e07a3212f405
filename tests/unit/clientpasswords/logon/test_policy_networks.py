"""A policy that lets mail programs in from its networks only."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, MailLogon, MailSetting, Policy
from accounts.sessions import rights
from clientpasswords import lifecycle
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from gateways.doveadm import Connection
from tests.factories import PASSWORD, make_client_password, make_policy
from tests.unit.support import HOME

EVERYTHING = frozenset({"imap", "pop3", "smtp"})
OFFICE = "198.51.100.7"
OFFICE_6 = "2001:db8::7"
ELSEWHERE = "203.0.113.9"
WEBMAIL = "192.0.2.10"
NETWORKS = "198.51.100.0/24,2001:db8::/32"


@pytest.fixture
def policy(alice: Account) -> Policy:
    MailSetting.objects.create(name="webmail_networks", value=f"{WEBMAIL}/32")
    return make_policy(client_networks=NETWORKS)


@pytest.fixture
def phone(alice: Account, policy: Policy) -> tuple[ClientPassword, str]:
    Account.objects.update(client_passwords_on=True)
    return make_client_password(alice)


def reason(typed: str, ip: str | None, protocol: str = "imap") -> str | None:
    """Why not; None if it was let in."""
    verdict = decision.decide("alice@example.com", protocol, typed, ip)
    return None if verdict.login_name else verdict.reason.rpartition(": ")[2]


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
@pytest.mark.parametrize(
    ("ip", "refusal"),
    [
        (OFFICE, None),
        (OFFICE_6, None),
        (ELSEWHERE, "network-not-allowed"),
        ("2001:db9::7", "network-not-allowed"),
        (None, "network-not-allowed"),
    ],
)
def test_a_security_password_opens_from_the_networks_of_the_policy_only(
    ip: str | None, refusal: str | None, protocol: str, phone: tuple[object, str]
) -> None:
    assert reason(phone[1], ip, protocol) == refusal


@pytest.mark.parametrize(
    ("ip", "refusal"),
    [(OFFICE, None), (ELSEWHERE, "network-not-allowed"), (WEBMAIL, None)],
)
def test_so_does_the_web_password_but_for_the_webmail(
    ip: str, refusal: str | None, policy: Policy
) -> None:
    assert reason(PASSWORD, ip) == refusal


def test_who_calls_has_to_be_in_the_networks_of_both(
    phone: tuple[ClientPassword, str],
) -> None:
    own = Scope(EVERYTHING, ("198.51.100.0/28", "203.0.113.0/24"))
    lifecycle.limit_scope(phone[0], own, by=HOME)

    found = {ip: reason(phone[1], ip) for ip in (OFFICE, "198.51.100.99", ELSEWHERE)}

    assert found == {
        OFFICE: None,
        "198.51.100.99": "out-of-scope",
        ELSEWHERE: "network-not-allowed",
    }


def test_sessions_from_elsewhere_have_lost_their_right(
    alice: Account, phone: tuple[ClientPassword, str]
) -> None:
    name = phone[0].login_name
    found = rights.find_lost_sessions(
        [Connection(name, "imap", 1, ip) for ip in (OFFICE, ELSEWHERE)]
    )
    assert {each.ip for each in found} == {ELSEWHERE}

    Account.objects.update(client_passwords_on=False)
    places = (OFFICE, ELSEWHERE, WEBMAIL)
    found = rights.find_lost_sessions(
        [Connection(alice.address, "imap", 1, ip) for ip in places]
    )
    assert {each.ip for each in found} == {ELSEWHERE}


def test_other_networks_give_sessions_other_names(
    phone: tuple[ClientPassword, str],
) -> None:
    names = set()
    for networks in ("", "198.51.100.0/24", "203.0.113.0/24"):
        make_policy(client_networks=networks)
        rows = MailLogon.objects.values_list("login_name", flat=True)
        assert set(rows) == {phone[0].login_name}
        names.add(phone[0].login_name)

    assert len(names) == 3
    assert f"alice@example.com~{phone[0].pk}" in names
    make_policy(client_networks="203.0.113.7/24")  # the same, written otherwise
    assert phone[0].login_name in names


def test_a_session_of_such_a_name_is_ended_when_its_password_is_deleted(
    alice: Account, phone: tuple[ClientPassword, str], settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/"]
    name = phone[0].login_name

    lifecycle.revoke(alice.client_passwords.all(), by=HOME)

    assert [row.login_mask for row in alice.cutoffs.all()] == [name]


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("", ""),
        ("192.0.2.7/24", "192.0.2.0/24"),
        (" 192.0.2.7 ; 2001:DB8::/32\n192.0.2.7", "192.0.2.7/32,2001:db8::/32"),
    ],
)
def test_networks_are_stored_in_one_form(db: None, typed: str, stored: str) -> None:
    policy = Policy(name="Any", client_networks=typed)
    policy.full_clean()
    assert policy.client_networks == stored

    assert make_policy("Unchecked", client_networks=typed).client_networks == stored
    assert Policy.objects.filter(client_networks=stored).exists()


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ("192.0.2.0/33", "“192.0.2.0/33” is not a valid network"),
        ("office", "“office” is not a valid network"),
        (",".join(f"10.{n}.0.0/16" for n in range(11)), "Enter at most 10"),
    ],
)
def test_what_is_no_list_of_networks_is_refused(
    db: None, typed: str, problem: str
) -> None:
    policy = Policy(name="Any", client_networks=typed)
    with pytest.raises(ValidationError, match=problem) as refused:
        policy.full_clean()
    assert set(refused.value.message_dict) == {"client_networks"}

    with pytest.raises(ValidationError, match=problem):
        policy.save()


def test_the_owner_sees_from_where_mail_programs_can_connect(
    policy: Policy, browser: Client
) -> None:
    page = browser.get(reverse("clientpasswords:index")).content.decode()
    assert "198.51.100.0/24, 2001:db8::/32" in page

    make_policy(client_networks="")
    page = browser.get(reverse("clientpasswords:index")).content.decode()
    assert "from these networks only" not in page
