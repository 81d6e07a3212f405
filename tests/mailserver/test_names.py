"""A mailbox is found by whatever was meant by its name, over every protocol."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace

import pytest

from accounts.models import Account
from bench.authsocket import Logon, Verdict, ask
from clientpasswords.usage import dovecotlog
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import Imap, Smtp, client_address, imap_session
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.versions import DOVECOT

pytestmark = pytest.mark.mailserver

ERIN = "erin@xn--mnchen-3ya.example"
ALICE = "alice@example.com"
# Each way to write it that mail programs pass on, as phones and keyboards do.
SPELLINGS = [
    "Erin@XN--mnchen-3ya.example",
    "erin@m\u00fcnchen.example",
    "erin@M\u00dcNCHEN.example",
    "erin@m\u00fcnchen\u3002example",
    "erin@m\u00fcnchen.example.",
    "erin@m\u00fcnchen.example ",
    "\u3000erin@m\u00fcnchen.example\u200b",
    "\uff25\uff52\uff49\uff4e\uff20m\u00fcnchen\uff0eexample",
]
AN_ACCOUNT = 10  # guesses, as `deploy.render` has it


@pytest.fixture
def erin(host: MailHost) -> Account:
    return factories.make_account(ERIN, client_passwords_on=True)


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_mailbox_is_found_by_every_way_to_write_its_address(
    protocol: str, host: MailHost, erin: Account
) -> None:
    secret = factories.make_client_password(erin)[1]
    logons = [Logon(each, secret, protocol, client_address()) for each in SPELLINGS]

    assert ask(host.socket("auth-client"), logons) == [Verdict.OK] * len(SPELLINGS)


def test_submission_takes_a_domain_in_its_own_letters(
    host: MailHost, erin: Account
) -> None:
    secret = factories.make_client_password(erin)[1]
    plain = b64encode(f"\0erin@M\u00fcnchen.example \0{secret}".encode()).decode()
    client = Smtp(host.ports.submission, client_address())
    client.ehlo()

    # Raw, as smtplib knows names in ASCII only.
    assert client.docmd(f"AUTH PLAIN {plain}")[0] == 235
    assert client.mail(ERIN)[0] == 250
    assert client.rcpt(ERIN)[0] == 250
    client.close()


def test_imap_takes_a_domain_in_its_own_letters(host: MailHost, erin: Account) -> None:
    secret = factories.make_client_password(erin)[1]
    session = Imap(host.ports.imap, client_address())
    quoted = f'a LOGIN "erin@M\u00fcnchen.example" {secret}\r\n'

    # Raw, as imaplib sends ASCII.
    session.send(quoted.encode())
    answer = session.readline()
    while answer.startswith(b"* "):
        answer = session.readline()
    session.shutdown()
    assert answer.startswith(b"a OK")


def test_the_history_has_the_address_itself(
    host: MailHost, erin: Account, dovecot_log: Log
) -> None:
    secret = factories.make_client_password(erin)[1]
    logons = [Logon(each, secret, source=client_address()) for each in SPELLINGS]
    ask(host.socket("auth-client"), logons)

    lines = dovecot_log.settled().splitlines()
    found = list(filter(None, map(dovecotlog.parse_line, lines)))
    assert [each.address for each in found] == [ERIN] * len(SPELLINGS)


def test_a_blank_behind_the_name_is_no_other_mailbox(
    host: MailHost, erin: Account
) -> None:
    secret = factories.make_client_password(erin)[1]

    with imap_session(host, f'"{ERIN} "', secret) as session:
        assert session.select()[0] == "OK"


@pytest.fixture
def single(host: MailHost, database_url: str) -> Iterator[MailHost]:
    """A mail host with one logon worker, which counts all guesses."""
    with SiteHost(
        FOLDER / "names",
        database_url=database_url,
        failure_delay=0,
        dovecot=DOVECOT.one_worker,
    ) as running:
        yield running


def test_every_way_to_write_an_address_has_the_same_guesses(single: MailHost) -> None:
    factories.make_account(ALICE)
    here = Logon(ALICE, "", source=client_address())
    ways = [
        ALICE,
        f"{ALICE} ",
        f"{ALICE}.",
        "alice@example\u3002com",
        "ALICE@example.com",
    ]
    log = Log(single.dovecot_log)

    for number in range(AN_ACCOUNT):
        name = ways[number % len(ways)]
        guess = replace(here, name=name, password=f"guess {number}")
        assert ask(single.socket("auth-client"), [guess]) == [Verdict.REFUSED]
    for name in ways:
        right = replace(here, name=name, password=factories.PASSWORD)
        assert ask(single.socket("auth-client"), [right]) == [Verdict.REFUSED]

    lines = log.settled().splitlines()
    found = list(filter(None, map(dovecotlog.parse_line, lines)))
    assert [each.reason for each in found[AN_ACCOUNT:]] == ["too-many-guesses"] * len(
        ways
    )
