"""Those who look an account up without logging on: delivery and doveadm."""

import smtplib
from dataclasses import replace
from pathlib import Path

import pytest

from accounts.models import Account
from deploy.mailhost import MailHost
from deploy.values import MailHostValues
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import Lmtp, imap_session
from tests.mailserver.steps import doveadm

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.mark.parametrize("name", [ADDRESS, f"{ADDRESS}~70", "Alice@Example.COM"])
def test_an_account_is_found_by_its_address_and_by_a_devices_login_name(
    name: str, host: MailHost, alice: Account
) -> None:
    home = doveadm(host, "user", "-f", "home", name)

    assert home.stdout.strip() == f"{host.folder}/mail/{ADDRESS}"


@pytest.mark.parametrize(
    "name", ["nobody@example.com", f"{ADDRESS}~", f"{ADDRESS}~x", f"{ADDRESS}~1~2"]
)
def test_nobody_else_is_found(name: str, host: MailHost, alice: Account) -> None:
    assert doveadm(host, "user", name).returncode == 67


def test_all_accounts_are_listed_once(host: MailHost, alice: Account) -> None:
    factories.make_account("bob@enforced.example")

    listed = doveadm(host, "user", "*").stdout.split()

    assert sorted(listed) == [ADDRESS, "bob@enforced.example"]


def test_mail_is_delivered_into_the_home_of_the_address(
    host: MailHost, alice: Account
) -> None:
    inbox = host.folder / "mail" / ADDRESS / "Maildir" / "new"
    before = len(list(inbox.glob("*")))

    with Lmtp(str(host.socket("lmtp"))) as client:
        client.sendmail("friend@x.org", ADDRESS, "Subject: Hello\r\n\r\nHello.\r\n")

    assert len(list(inbox.glob("*"))) == before + 1


def test_mail_for_an_unknown_account_is_refused(host: MailHost, alice: Account) -> None:
    with (
        Lmtp(str(host.socket("lmtp"))) as client,
        pytest.raises(smtplib.SMTPRecipientsRefused) as refused,
    ):
        client.sendmail("friend@x.org", "nobody@example.com", "Hello")

    assert refused.value.recipients["nobody@example.com"][0] == 550


class PartsHost(MailHost):
    """Its homes are in a folder of each domain (--home of deploy.render)."""

    def _values(self, base: Path) -> MailHostValues:
        values = super()._values(base)
        return replace(values, home=f"{values.mail}/%d/%n")


def test_mail_goes_where_the_rule_for_homes_says(
    host: MailHost, database_url: str, alice: Account
) -> None:
    """Found by who delivers it and by who logs on, with either name."""
    secret = factories.make_client_password(alice)[1]
    with PartsHost(FOLDER / "parts", database_url=database_url) as parts:
        home = parts.folder / "mail" / "example.com" / "alice"
        found = doveadm(parts, "user", "-f", "home", f"{ADDRESS}~70").stdout
        with Lmtp(str(parts.socket("lmtp"))) as client:
            client.sendmail("friend@x.org", ADDRESS, "Subject: Hello\r\n\r\nHello.\r\n")
        delivered = len(list((home / "Maildir" / "new").iterdir()))
        with imap_session(parts, ADDRESS, secret) as session:
            selected = session.select("INBOX", readonly=True)

    assert (found.strip(), delivered) == (str(home), 1)
    assert selected == ("OK", [b"1"])
