"""The webmail is let in with the web password; whoever else has it is not."""

import pytest

from accounts.models import Account, MailSetting
from bench.authsocket import Logon, Verdict, ask
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import Imap, client_address, webmail_address

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"


@pytest.fixture
def alice(host: MailHost) -> Account:
    """Needs a security password in mail programs."""
    return factories.make_account(ADDRESS, client_passwords_on=True)


NETWORKS = {
    "192.0.2.1": True,
    "192.0.2.127": True,
    "192.0.2.128": False,
    "192.0.3.1": False,
    "::ffff:192.0.2.1": True,
    "::ffff:192.0.2.128": False,
    "127.2.9.9": True,
    "127.3.0.1": False,
    "2001:db8:4::1": True,
    "2001:db8:5:ffff:ffff:ffff:ffff:ffff": True,
    "2001:db8:6::1": False,
    "2001:db9:5::1": False,
    "::1": False,
    "::": False,
}


def test_the_webmail_is_known_by_its_networks(host: MailHost, alice: Account) -> None:
    logons = [Logon(ADDRESS, factories.PASSWORD, source=ip) for ip in NETWORKS]

    answers = ask(host.socket("auth-client"), logons)

    let_in = [answer is Verdict.OK for answer in answers]
    assert dict(zip(NETWORKS, let_in, strict=True)) == NETWORKS


SETTINGS = {
    "198.51.{}.7": True,
    "0.0.0.0/0": True,
    "::/0": True,
    "198.51.{}.7/32": True,
    "::ffff:198.51.{}.0/120": True,
    "198.51.{}.6/31": True,
    "198.51.{}.4/31": False,
    "": False,
    ",, ,": False,
    "198.51.{}.7/33": False,
    "198.51.{}.263": False,
    "198.51.{}": False,
    "198.51.{}.0/x": False,
    "webmail.example.com": False,
    "1:2:3:4:5:6:7:8:9/0": False,
}


def test_a_network_that_is_none_lets_nobody_in(host: MailHost, alice: Account) -> None:
    let_in = {}
    for number, networks in enumerate(SETTINGS):
        MailSetting.objects.update(value=networks.format(number))
        logon = Logon(ADDRESS, factories.PASSWORD, source=f"198.51.{number}.7")
        (verdict,) = ask(host.socket("auth-client"), [logon])
        let_in[networks] = verdict is Verdict.OK

    assert let_in == SETTINGS


def test_nobody_but_the_webmail_can_claim_to_be_it(
    host: MailHost, alice: Account
) -> None:
    """`WEBMAIL` may speak for its users' addresses; a client may not."""
    pretending = Imap(host.ports.imap, client_address())
    forwarding = Imap(host.ports.imap, webmail_address())
    try:
        pretending.xatom("ID", '("x-originating-ip" "127.2.0.1")')
        with pytest.raises(pretending.error, match="AUTHENTICATIONFAILED"):
            pretending.login(ADDRESS, factories.PASSWORD)
        forwarding.xatom("ID", '("x-originating-ip" "198.51.100.7")')
        forwarding.login(ADDRESS, factories.PASSWORD)
    finally:
        pretending.shutdown()
        forwarding.shutdown()
