"""The queries of the configuration for Dovecot 2.4, asked of the real views.

Dovecot's part, choosing and filling in the query and checking the hash, is played here.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Account, MailSetting
from clientpasswords import logons, passwords
from deploy.render import render
from deploy.values import MailHostValues
from tests.environment import POSTGRES
from tests.factories import PASSWORD, make_account, make_client_password, make_policy
from tests.unit.deploy.dovecotconf import fill_in, read_folder

CLIENT = "198.51.100.7"
WEBMAIL = "192.0.2.10"
NETWORKS = f"{WEBMAIL}/32,203.0.113.128/25,2001:db8::5/128"
PLACES = (CLIENT, WEBMAIL, "203.0.113.200", "2001:db8::5")
KINDS: dict[str, dict[str, Any]] = {
    "open": {},
    "required": {"client_passwords_required": True},
    "closed": {"third_party_logon": False},
    "no-pop3": {"pop3": False},
    "near": {"client_networks": f"{CLIENT}/29,2001:db8::5/128"},
    "required-near": {
        "client_passwords_required": True,
        "client_networks": f"203.0.113.0/24,{CLIENT}",
    },
}


@dataclass(frozen=True)
class Logon:
    """What a client sends."""

    address: str
    typed: str
    ip: str = CLIENT
    protocol: str = "imap"


class Dovecot:
    """Fills in the rendered queries and runs them on the tests' database."""

    def __init__(self, folder: Path) -> None:
        url = "postgresql:///portal" if POSTGRES else "sqlite:////portal.sqlite3"
        values = MailHostValues(
            folder=folder,
            database_url=url,
            doveadm_api_key="a-key",
            host_name="mx.example.com",
            dovecot="2.4",
        )
        render(values)
        self._settings = {
            each.where: each.value for each in read_folder(folder / "dovecot")
        }
        self.characters = set(self._settings["auth_username_chars"])

    def rows(self, query: str, **values: str) -> list[dict[str, object]]:
        with connection.cursor() as cursor:
            cursor.execute(fill_in(self._settings[query], values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def passdb(self, name: str, logon: Logon) -> list[dict[str, object]]:
        return self.rows(
            f"passdb {name} / passdb_sql_query",
            user=logon.address.lower(),
            original_user=logon.address,
            protocol=logon.protocol,
            password=logon.typed,
            remote_ip=logon.ip,
            real_remote_ip=logon.ip,
        )

    def decide(self, logon: Logon) -> dict[str, object] | None:
        """What the first passdb returns whose hash verifies; None if none does."""
        if not set(logon.address) <= self.characters:
            return None
        for name in ("client", "web"):
            rows = self.passdb(name, logon)
            assert len(rows) <= 1  # two would be an error to Dovecot
            if rows and passwords.matches(logon.typed, str(rows[0]["password"])):
                return rows[0]
        return None

    def login_name(self, logon: Logon) -> object:
        row = self.decide(logon)
        return row and row["user"]


@pytest.fixture
def dovecot(tmp_path: Path, db: None) -> Dovecot:
    MailSetting.objects.create(name="webmail_networks", value=NETWORKS)
    return Dovecot(tmp_path)


def test_a_client_password_is_let_in_as_its_device(
    dovecot: Dovecot, bob: Account
) -> None:
    row, secret = make_client_password(bob)

    found = dovecot.decide(Logon("Bob@Example.com", secret))

    assert found is not None
    assert found["user"] == f"bob@example.com~{row.pk}"
    assert found["device"] == row.pk
    assert found["userdb_home"] == "/srv/mail/bob@example.com"


@pytest.mark.parametrize(
    ("service", "protocol"),
    [("sieve", "imap"), ("submission", "smtp"), ("smtp", "smtp"), ("lmtp", None)],
)
def test_services_are_protocols_of_the_views(
    dovecot: Dovecot, service: str, protocol: str | None
) -> None:
    for each in ("imap", "pop3", "smtp"):
        # Its policies open this protocol alone.
        rules = {name: name == each for name in ("imap", "pop3", "smtp")}
        make_account(f"{each}@example.com", policy=make_policy(each, **rules))
        required = make_policy(f"{each} R", **rules, client_passwords_required=True)
        owner = make_account(f"{each}.r@example.com", policy=required)
        _row, secret = make_client_password(owner)

        for name, typed in ((each, PASSWORD), (f"{each}.r", secret)):
            logon = Logon(f"{name}@example.com", typed, protocol=service)
            assert (dovecot.decide(logon) is not None) == (each == protocol)


@pytest.mark.parametrize("typed", ["wrong", "", "a' OR '1'='1", "\\", "%{user}", "é"])
def test_a_wrong_password_is_not_let_in(
    dovecot: Dovecot, alice: Account, bob: Account, typed: str
) -> None:
    make_client_password(bob)

    assert dovecot.decide(Logon(alice.address, typed)) is None
    assert dovecot.decide(Logon(bob.address, typed)) is None


@pytest.mark.parametrize(
    "name", ["alice@example.com'--", "nobody@example.com", "alice@example.com~1", "~"]
)
def test_a_wrong_name_is_not_let_in(
    dovecot: Dovecot, alice: Account, name: str
) -> None:
    assert dovecot.decide(Logon(name, PASSWORD)) is None


def test_no_name_can_leave_its_place_in_the_sql(dovecot: Dovecot) -> None:
    """A version of Dovecot that escapes nothing is in use."""
    assert dovecot.characters.isdisjoint("'\"\\ ;()")


def test_a_refused_web_password_opens_from_webmail_alone(
    dovecot: Dovecot, bob: Account
) -> None:
    assert dovecot.login_name(Logon(bob.address, PASSWORD, WEBMAIL)) == bob.address
    assert dovecot.login_name(Logon(bob.address, "wrong", WEBMAIL)) is None
    assert dovecot.login_name(Logon(bob.address, PASSWORD, CLIENT)) is None


@pytest.mark.parametrize("ip", [CLIENT, "", "2001:db8::6"])
def test_of_a_refused_web_password_not_even_the_slow_hash_is_read(
    dovecot: Dovecot, bob: Account, ip: str
) -> None:
    assert dovecot.passdb("web", Logon(bob.address, PASSWORD, ip)) == []


def test_an_account_without_a_web_password_has_no_row_for_it(
    dovecot: Dovecot, alice: Account
) -> None:
    alice.set_unusable_password()
    alice.save()

    assert dovecot.passdb("web", Logon(alice.address, "")) == []


def test_who_is_let_in_is_what_the_portal_says(dovecot: Dovecot) -> None:
    """Every kind of account, password, protocol and place."""
    typed = {}
    for kind, active in product(KINDS, (True, False)):
        account = make_account(
            f"{kind}.{active}@example.com".lower(),
            policy=make_policy(kind, **KINDS[kind]),
            is_active=active,
        )
        live = make_client_password(account)[1]
        revoked = make_client_password(account, revoked_at=timezone.now())[1]
        typed[account.address] = (PASSWORD, "wrong", live, revoked)

    answers = {}
    for address, passwords_of in typed.items():
        for each in product(passwords_of, PLACES, ("imap", "pop3", "smtp")):
            logon = Logon(address, *each)
            answers[address, *each] = dovecot.login_name(logon)
            said = logons.decide(address, logon.protocol, logon.typed, logon.ip)
            assert answers[address, *each] == said.login_name, logon

    let_in = {(each[0], each[1] == PASSWORD) for each in answers if answers[each]}
    assert ("open.true@example.com", True) in let_in
    assert ("required.true@example.com", False) in let_in
    assert not any("false" in address for address, _web in let_in)


# --- networks -------------------------------------------------------------------------


@pytest.mark.parametrize("length", range(33))
def test_networks_of_webmail_end_where_they_should(
    dovecot: Dovecot, bob: Account, length: int
) -> None:
    network = ip_network(f"203.0.113.171/{length}", strict=False)
    MailSetting.objects.update(value=f"198.51.100.0/30, {network}")
    first, last = int(network.network_address), int(network.broadcast_address)
    inside = {IPv4Address(first), IPv4Address(last)}
    outside = {IPv4Address((number) % 2**32) for number in (first - 1, last + 1)}

    for ip in inside | (outside - inside):
        rows = dovecot.passdb("web", Logon(bob.address, PASSWORD, str(ip)))
        assert bool(rows) == (ip in network), ip


def test_of_ipv6_sqlite_compares_single_addresses_only(
    dovecot: Dovecot, bob: Account
) -> None:
    MailSetting.objects.update(value="2001:db8:5::/48,2001:db8:7::1/128")

    found = {
        ip: bool(dovecot.passdb("web", Logon(bob.address, PASSWORD, ip)))
        for ip in ("2001:db8:5::1", "2001:db8:7::1", "2001:db8:7::2", "32.1.13.184")
    }

    assert found == {
        "2001:db8:5::1": POSTGRES is not None,
        "2001:db8:7::1": True,
        "2001:db8:7::2": False,
        "32.1.13.184": False,
    }


# --- mailboxes ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["bob@example.com", "bob@example.com~70"])
def test_a_mailbox_is_found_by_address_and_by_login_name(
    dovecot: Dovecot, bob: Account, name: str
) -> None:
    rows = dovecot.rows("userdb sql / query", user=name)

    assert rows == [{"home": "/srv/mail/bob@example.com"}]


@pytest.mark.parametrize(
    "name", ["nobody@example.com", "bob@example.com~", "bob@example.com~x"]
)
def test_a_mailbox_that_is_not_there_is_not_found(
    dovecot: Dovecot, bob: Account, name: str
) -> None:
    assert dovecot.rows("userdb sql / query", user=name) == []


def test_every_mailbox_is_listed_once(
    dovecot: Dovecot, alice: Account, bob: Account
) -> None:
    rows = dovecot.rows("userdb sql / iterate_query")

    assert sorted(str(row["user"]) for row in rows) == [alice.address, bob.address]
