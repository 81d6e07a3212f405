"""Which sessions go on is what the logon views say of their credential now."""

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, MailSetting, Policy
from accounts.sessions import rights
from accounts.sessions.rights import LostSessions
from clientpasswords.models import ClientPassword
from gateways.doveadm import Connection
from tests import factories

pytestmark = pytest.mark.both_databases


def session(name: str, service: str = "imap", ip: str = "192.0.2.7") -> Connection:
    return Connection(username=name, service=service, pid=1, ip=ip)


@pytest.fixture
def phone(alice: Account) -> ClientPassword:
    Account.objects.update(client_passwords_on=True)
    MailSetting.objects.create(name="webmail_networks", value="198.51.100.0/24")
    return factories.make_client_password(alice)[0]


def test_a_device_in_force_goes_on(phone: ClientPassword) -> None:
    assert rights.find_lost_sessions([session(phone.login_name)]) == set()


def test_a_revoked_device_is_lost_and_its_neighbour_goes_on(
    alice: Account, phone: ClientPassword
) -> None:
    tablet, _secret = factories.make_client_password(alice, "Tablet")
    ClientPassword.objects.filter(pk=phone.pk).update(revoked_at=phone.created_at)

    lost = rights.find_lost_sessions(
        [session(phone.login_name), session(tablet.login_name)]
    )

    assert lost == {LostSessions(phone.login_name, "192.0.2.7")}


def test_the_web_password_is_lost_but_from_the_webmail(phone: ClientPassword) -> None:
    name = phone.account.address

    lost = rights.find_lost_sessions([session(name), session(name, ip="198.51.100.9")])

    assert lost == {LostSessions(name, "192.0.2.7")}


def test_only_the_protocol_that_was_switched_off_is_lost(phone: ClientPassword) -> None:
    Policy.objects.update(pop3=False)
    connections = [
        session(phone.login_name, "imap", "192.0.2.1"),
        session(phone.login_name, "pop3", "192.0.2.2"),
        session(phone.login_name, "submission", "192.0.2.3"),
    ]

    assert rights.find_lost_sessions(connections) == {
        LostSessions(phone.login_name, "192.0.2.2")
    }


@pytest.mark.parametrize(
    ("off", "lost"),
    [
        ({"pop3"}, {"pop3"}),
        ({"imap"}, {"imap"}),
        ({"imap", "pop3"}, {"imap", "pop3"}),
        ({"imap", "pop3", "smtp"}, {None}),
    ],
)
def test_of_several_sessions_from_one_place_those_of_a_protocol_are_lost(
    phone: ClientPassword, off: set[str], lost: set[str | None]
) -> None:
    Policy.objects.update(**dict.fromkeys(off, False))
    services = ["imap", "imap", "sieve", "pop3", "submission"]

    found = rights.find_lost_sessions(
        [session(phone.login_name, name) for name in services]
    )

    assert found == {LostSessions(phone.login_name, "192.0.2.7", each) for each in lost}


def test_what_the_portal_knows_nothing_of_is_not_ended_along_with_it(
    phone: ClientPassword,
) -> None:
    Policy.objects.update(imap=False)
    services = ["imap", "calendar"]

    found = rights.find_lost_sessions(
        [session(phone.login_name, name) for name in services]
    )

    assert found == {LostSessions(phone.login_name, "192.0.2.7", "imap")}


def test_filters_are_managed_by_the_right_to_imap(phone: ClientPassword) -> None:
    Policy.objects.update(imap=False)

    assert rights.find_lost_sessions([session(phone.login_name, "sieve")]) == {
        LostSessions(phone.login_name, "192.0.2.7")
    }


@pytest.mark.parametrize(
    ("ip", "goes_on"),
    [
        ("192.0.2.7", True),
        ("192.0.2.77", False),  # in those of the policy alone
        ("203.0.113.7", False),  # in those of the password alone
        ("198.51.100.7", False),  # in neither, though the webmail's
    ],
)
def test_a_session_has_to_be_in_the_networks_of_password_and_policy(
    phone: ClientPassword, ip: str, *, goes_on: bool
) -> None:
    ClientPassword.objects.update(networks="192.0.2.0/28,203.0.113.0/24")
    factories.make_policy(client_networks="192.0.2.0/24")
    name = phone.login_name

    lost = rights.find_lost_sessions([session(name, ip=ip)])

    assert lost == (set() if goes_on else {LostSessions(name, ip)})


def test_a_disabled_account_is_lost_even_from_the_webmail(
    phone: ClientPassword,
) -> None:
    Account.objects.update(is_active=False)
    name = phone.account.address

    assert rights.find_lost_sessions([session(name, ip="198.51.100.9")]) == {
        LostSessions(name, "198.51.100.9")
    }


def test_a_session_of_nobody_is_lost(db: None) -> None:
    assert rights.find_lost_sessions([session("ghost@example.com~5")]) == {
        LostSessions("ghost@example.com~5", "192.0.2.7")
    }


def test_a_domain_that_the_portal_does_not_know_has_rules_of_its_own(
    phone: ClientPassword,
) -> None:
    names = ["ghost@example.com", "ghost@example.com~5", "ghost@example.org", "root"]

    found = rights.find_lost_sessions(
        [session(name) for name in names], in_our_domains=True
    )

    assert {each.login_name for each in found} == {
        "ghost@example.com",
        "ghost@example.com~5",
    }


def test_before_the_switch_the_web_password_goes_on_and_devices_do_not(
    phone: ClientPassword,
) -> None:
    Account.objects.update(client_passwords_on=False)
    name = phone.account.address

    lost = rights.find_lost_sessions([session(name), session(phone.login_name)])

    assert lost == {LostSessions(phone.login_name, "192.0.2.7")}


def test_a_device_of_somebody_else_keeps_no_session(
    phone: ClientPassword, mallory: Account
) -> None:
    name = f"{mallory.address}~{phone.pk}"

    assert rights.find_lost_sessions([session(name)]) == {
        LostSessions(name, "192.0.2.7")
    }


def test_a_session_without_an_address_is_not_the_webmails(
    phone: ClientPassword,
) -> None:
    name = phone.account.address

    assert rights.find_lost_sessions([session(name, ip="")]) == {LostSessions(name, "")}


def test_the_mail_servers_own_services_are_left_alone(phone: ClientPassword) -> None:
    assert rights.find_lost_sessions([session("anybody@example.com", "lmtp")]) == set()


def test_many_sessions_take_few_queries(
    phone: ClientPassword, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    names = [f"nobody{number}@example.com" for number in range(1200)]

    with django_assert_num_queries(3):
        lost = rights.find_lost_sessions([session(name) for name in names])

    assert len(lost) == 1200
