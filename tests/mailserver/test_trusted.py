"""Webmail and proxies say for whom they come; the portal's rule goes by themselves."""

import imaplib
import poplib
import smtplib
import time
from collections.abc import Callable, Iterator

import pytest

from accounts.events import Actor
from accounts.models import Account
from bench.authsocket import Verdict
from clientpasswords import lifecycle
from clientpasswords.usage import dovecotlog
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import (
    WEBMAIL,
    Imap,
    Pop3,
    Smtp,
    client_address,
    log_on,
    webmail_address,
)
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import AT_ONCE, seconds_until_closed
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
BROWSER = "198.51.100.7"
# Trusted to say for whom it comes, as a proxy for mail programs is, but no webmail.
PROXY = "127.3.0.1"
# A webmail that Postfix, too, takes at its word.
FORWARDING = "127.2.255.1"


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    """A host with a proxy; the fixture `host` is this one here."""
    with SiteHost(
        FOLDER / "trusted",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=f"login_trusted_networks = {WEBMAIL} {PROXY}\n",
        main_cf=f"smtpd_authorized_xclient_hosts = {PROXY} {FORWARDING}\n",
    ) as host:
        yield host


@pytest.fixture
def alice(host: MailHost) -> Account:
    """Needs a security password in mail programs."""
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


def told(error: Exception, words: str) -> bool:
    """Whether one was let in: no, and in these words."""
    assert words in str(error)
    return False


def by_imap(host: MailHost, source: str, claimed: str, password: str) -> bool:
    client = Imap(host.ports.imap, source)
    try:
        client.xatom("ID", f'("x-originating-ip" "{claimed}")')
        client.login(ADDRESS, password)
    except imaplib.IMAP4.error as error:
        return told(error, "AUTHENTICATIONFAILED")
    finally:
        client.shutdown()
    return True


def by_pop3(host: MailHost, source: str, claimed: str, password: str) -> bool:
    client = Pop3(host.ports.pop3, source)
    try:
        client.sock.sendall(f"XCLIENT ADDR={claimed}\r\n".encode())
        client.file.readline()
        client.user(ADDRESS)
        client.pass_(password)
    except poplib.error_proto as error:
        return told(error, "[AUTH]")
    finally:
        client.close()
    return True


def by_submission(host: MailHost, source: str, claimed: str, password: str) -> bool:
    client = Smtp(host.ports.submission, source)
    try:
        client.ehlo()
        offered = client.has_extn("xclient")
        assert (client.docmd(f"XCLIENT ADDR={claimed}")[0] == 220) is offered
        client.ehlo()
        client.user, client.password = ADDRESS, password
        code, _ = client.auth("PLAIN", client.auth_plain)
    except smtplib.SMTPAuthenticationError as error:
        return told(error, "535")
    finally:
        client.close()
    return code == 235


LogOn = Callable[[MailHost, str, str, str], bool]
BY: dict[str, LogOn] = {"imap": by_imap, "pop3": by_pop3, "smtp": by_submission}
ALL = pytest.mark.parametrize("protocol", BY)
DOVECOT = pytest.mark.parametrize("protocol", ["imap", "pop3"])


def address_in_history(log: Log) -> str | None:
    """Where the only decision in the log came from, as follow_logons reads it."""
    deadline = time.monotonic() + PATIENCE
    while not (
        read := list(
            filter(None, map(dovecotlog.parse_line, log.settled().splitlines()))
        )
    ):
        assert time.monotonic() < deadline, "no decision in the log"
        time.sleep(0.05)
    (decision,) = read
    return decision.network_address


@DOVECOT
def test_a_webmail_that_forwards_the_browsers_address_is_still_the_webmail(
    protocol: str, host: MailHost, alice: Account, dovecot_log: Log
) -> None:
    assert BY[protocol](host, webmail_address(), BROWSER, factories.PASSWORD)

    assert address_in_history(dovecot_log) == BROWSER


@ALL
def test_a_client_can_claim_nothing(
    protocol: str, host: MailHost, alice: Account, dovecot_log: Log
) -> None:
    here = client_address()

    assert not BY[protocol](host, here, webmail_address(), factories.PASSWORD)

    assert address_in_history(dovecot_log) == here


@DOVECOT
def test_who_is_trusted_and_no_webmail_can_not_make_one_of_its_clients(
    protocol: str, host: MailHost, alice: Account, dovecot_log: Log
) -> None:
    claimed = webmail_address()

    assert not BY[protocol](host, PROXY, claimed, factories.PASSWORD)

    assert address_in_history(dovecot_log) == claimed


@ALL
def test_a_mail_program_behind_a_proxy_is_known_by_its_own_address(
    protocol: str, host: MailHost, phone: str, dovecot_log: Log
) -> None:
    assert BY[protocol](host, PROXY, BROWSER, phone)

    assert address_in_history(dovecot_log) == BROWSER


def test_a_webmail_is_no_webmail_to_postfix_if_it_forwards(
    host: MailHost, alice: Account
) -> None:
    """Postfix passes on the forwarded address alone: so it is better not to."""
    assert log_on("smtp", host, ADDRESS, factories.PASSWORD, FORWARDING) is Verdict.OK
    assert not by_submission(host, FORWARDING, BROWSER, factories.PASSWORD)


def test_a_webmail_that_forwards_is_put_off_with_the_clients_and_let_in_again(
    host: MailHost,
) -> None:
    """Dovecot lists its sessions under the browser's address, so nobody can tell."""
    account = factories.make_account(ADDRESS)
    webmail, forwarding = (Imap(host.ports.imap, webmail_address()) for _ in range(2))
    try:
        forwarding.xatom("ID", f'("x-originating-ip" "{BROWSER}")')
        for session in (webmail, forwarding):
            session.login(ADDRESS, factories.PASSWORD)

        lifecycle.switch_on(account, by=Actor(ADDRESS, "198.51.100.8", ""))

        assert seconds_until_closed(forwarding.sock) < AT_ONCE
        assert webmail.noop()[0] == "OK"
    finally:
        webmail.shutdown()
        forwarding.shutdown()
    assert by_imap(host, webmail_address(), BROWSER, factories.PASSWORD)
