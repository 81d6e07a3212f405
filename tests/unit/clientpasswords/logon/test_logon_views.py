"""The two SQL views against a table of everything that bears on a logon.

What is expected here is written down anew, from the words of the policy, and shares no
code with the views.
"""

from dataclasses import dataclass
from itertools import product

import pytest
from django.utils import timezone

from accounts.models import Account, MailLogon, MailSetting, MailWebLogon, Policy
from clientpasswords.models import ClientPassword
from tests import factories
from tests.factories import make_client_password

PHC = "$argon2id$v=19$m=256,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
PROTOCOLS = ("imap", "pop3", "smtp")


@dataclass(frozen=True)
class Case:
    """One line of the table: what the policy says, and how the account stands."""

    third_party_logon: bool
    imap: bool
    pop3: bool
    smtp: bool
    required: bool
    switched_on: bool
    active: bool

    @property
    def name(self) -> str:
        """Its answers as noughts and ones."""
        answers = vars(self).values()
        return "".join(str(int(answer)) for answer in answers)

    @property
    def address(self) -> str:
        return f"{self.name}@example.com"

    def allows(self, protocol: str) -> bool:
        return {"imap": self.imap, "pop3": self.pop3, "smtp": self.smtp}[protocol]


TABLE = [Case(*answers) for answers in product([True, False], repeat=7)]


def expected_for_client_password(
    case: Case, protocol: str, *, revoked: bool
) -> str | None:
    if not case.active:
        return "account-disabled"
    if revoked:
        return "revoked"
    if not case.third_party_logon:
        return "third-party-logon-off"
    if not case.allows(protocol):
        return "protocol-off"
    if not case.required and not case.switched_on:
        return "suspended"
    return None


def expected_for_web_password(case: Case, protocol: str) -> str | None:
    if not case.active:
        return "account-disabled"
    if not case.third_party_logon:
        return "third-party-logon-off"
    if not case.allows(protocol):
        return "protocol-off"
    if case.required or case.switched_on:
        return "security-password-required"
    return None


@pytest.fixture
def _everybody(db: None) -> None:
    """An account for each line of the table, with a live and a revoked password."""
    domain = factories.make_domain()
    policies = [
        Policy(
            name=case.name,
            third_party_logon=case.third_party_logon,
            imap=case.imap,
            pop3=case.pop3,
            smtp=case.smtp,
            client_passwords_required=case.required,
        )
        for case in TABLE
    ]
    Policy.objects.bulk_create(policies)
    accounts = [
        Account(
            address=case.address,
            domain=domain,
            policy=policy,
            client_passwords_on=case.switched_on,
            is_active=case.active,
            password=f"argon2{PHC}",
        )
        for case, policy in zip(TABLE, policies, strict=True)
    ]
    Account.objects.bulk_create(accounts)
    ClientPassword.objects.bulk_create(
        ClientPassword(
            account=account, slot=1, selector=selector, hash=PHC, revoked_at=revoked_at
        )
        for account in accounts
        for selector, revoked_at in [("1111", None), ("2222", timezone.now())]
    )


@pytest.mark.usefixtures("_everybody")
def test_a_client_password_opens_exactly_where_everything_allows_it() -> None:
    found = {
        (row.address, row.protocol, row.selector): row.refusal
        for row in MailLogon.objects.all()
    }

    assert found == {
        (case.address, protocol, selector): expected_for_client_password(
            case, protocol, revoked=revoked
        )
        for case, protocol in product(TABLE, PROTOCOLS)
        for selector, revoked in [("1111", False), ("2222", True)]
    }


@pytest.mark.usefixtures("_everybody")
@pytest.mark.parametrize("networks", ["", "192.0.2.0/24", "192.0.2.0/24,2001:db8::/48"])
def test_the_web_password_opens_where_no_client_password_is_needed(
    networks: str,
) -> None:
    MailSetting.objects.create(name="webmail_networks", value=networks)

    found = {
        (row.address, row.protocol): (row.refusal, row.networks)
        for row in MailWebLogon.objects.all()
    }

    assert found == {
        (case.address, protocol): (
            expected_for_web_password(case, protocol),
            networks if case.active else "",
        )
        for case, protocol in product(TABLE, PROTOCOLS)
    }


def test_a_row_for_a_client_password_says_everything_a_mail_server_needs(
    alice: Account,
) -> None:
    row, _secret = make_client_password(alice)

    found = MailLogon.objects.filter(protocol="imap").values().get()

    assert found == {
        "address": "alice@example.com",
        "domain": "example.com",
        "protocol": "imap",
        "selector": row.selector,
        "hash": row.hash,
        "credential": row.pk,
        "login_name": f"alice@example.com~{row.pk}",
        "networks": "",
        "policy_networks": "",
        "refusal": "suspended",
    }


def test_a_row_for_a_web_password_says_everything_a_mail_server_needs(
    alice: Account,
) -> None:
    found = MailWebLogon.objects.filter(protocol="smtp").values().get()

    assert found == {
        "address": "alice@example.com",
        "domain": "example.com",
        "protocol": "smtp",
        "hash": alice.password.removeprefix("argon2"),
        "login_name": "alice@example.com",
        "networks": "",
        "policy_networks": "",
        "refusal": None,
    }
    assert alice.password.startswith("argon2$argon2id$v=19$m=")


@pytest.mark.parametrize(
    "stored", ["", "!unusable", "pbkdf2_sha256$1$a$b", "argon2$argon2i$v=19$x"]
)
def test_an_account_without_a_web_password_has_no_hash_there(
    alice: Account, stored: str
) -> None:
    Account.objects.update(password=stored)

    hashes = {row.hash for row in MailWebLogon.objects.all()}

    assert hashes == {None}


def test_somebody_elses_passwords_are_not_among_mine(
    alice: Account, mallory: Account
) -> None:
    row, _secret = make_client_password(mallory)

    assert not MailLogon.objects.filter(address=alice.address).exists()
    assert MailLogon.objects.filter(address=mallory.address).count() == 3
    assert {found.credential for found in MailLogon.objects.all()} == {row.pk}
