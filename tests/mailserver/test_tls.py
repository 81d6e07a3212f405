"""No password travels in clear, and what holds without TLS holds within it."""

import base64
import socket
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import Account
from deploy.mailhost import MailHost
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import (
    HOST,
    WEBMAIL,
    Smtp,
)
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import wait_for_messages
from tests.mailserver.tlsclients import (
    SESSIONS,
    imaps,
    read_first_answer,
    submission,
    submissions,
)
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
BOB = "bob@enforced.example"
SUBMISSION = {"submission": submission, "submissions": submissions}

# Ciphers so weak that OpenSSL would not mind to speak old versions of TLS: it is our
# files that forbid them.
WEAK = "ALL:@SECLEVEL=0"


@pytest.fixture(scope="module")
def running_host(database_url: str, certificate: Certificate) -> Iterator[MailHost]:
    """What an operator gets, on other ports; the fixture `host` is this one here."""
    with SiteHost(
        FOLDER / "tls",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        certificate=certificate,
        failure_delay=0,
        dovecot=f"ssl_cipher_list = {WEAK}\n",
        main_cf=f"tls_medium_cipherlist = {WEAK}\n",
    ) as host:
        yield host


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ALICE, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


@pytest.fixture
def bob(host: MailHost) -> str:
    account = factories.make_account(BOB, client_passwords_on=True)
    return factories.make_client_password(account)[1]


@pytest.mark.parametrize("door", SESSIONS)
def test_a_client_password_opens_every_door_within_tls(
    door: str, host: MailHost, trust: ssl.SSLContext, phone: str
) -> None:
    with SESSIONS[door](host, trust, ALICE, phone):
        pass


@pytest.mark.parametrize("door", SESSIONS)
def test_who_does_not_know_the_certificate_sends_no_password(
    door: str, host: MailHost
) -> None:
    stranger = ssl.create_default_context()

    with (
        pytest.raises(ssl.SSLCertVerificationError),
        SESSIONS[door](host, stranger, ALICE, "never sent"),
    ):
        pass


def test_mail_submitted_within_tls_is_fetched_within_tls(
    host: MailHost, trust: ssl.SSLContext, phone: str, bob: str
) -> None:
    for door, session in SUBMISSION.items():
        with session(host, trust, ALICE, phone) as client:
            assert client.sendmail(ALICE, BOB, f"Subject: by {door}\r\n\r\n.") == {}

    wanted = {f"by {door}" for door in SUBMISSION}
    with imaps(host, trust, BOB, bob) as mailbox:
        wait_for_messages(wanted, mailbox)


def listening(master: Path) -> set[int]:
    """The ports of a server, of which this file holds the process id."""
    listeners = Path("/proc/net/tcp").read_text().splitlines()[1:]
    ports = {
        f"socket:[{row.split()[9]}]": int(row.split()[1].partition(":")[2], 16)
        for row in listeners
        if row.split()[3] == "0A"
    }
    process = Path("/proc", master.read_text().strip(), "fd")
    held = {str(each.readlink()) for each in process.iterdir()}
    return {port for inode, port in ports.items() if inode in held}


def test_there_is_no_door_without_tls_but_that_of_starttls(host: MailHost) -> None:
    ports = host.ports

    assert listening(host.socket("master.pid")) == {
        ports.imap,
        ports.pop3,
        ports.doveadm,
    }
    assert listening(host.folder / "queue" / "pid" / "master.pid") == {
        ports.submission,
        ports.submissions,
    }
    for port in (ports.imap, ports.pop3, ports.submissions):
        assert b"OK" not in read_first_answer(port, b"a LOGIN alice secret\r\n\r\n")


def test_before_starttls_there_is_nothing_but_starttls(
    host: MailHost, phone: str
) -> None:
    client = Smtp(host.ports.submission, HOST)
    try:
        assert client.ehlo()[0] == 250
        assert client.has_extn("starttls")
        assert not client.has_extn("auth")
        client.user, client.password = ALICE, phone
        for command in ("AUTH LOGIN", f"AUTH PLAIN {plain(ALICE, phone)}"):
            assert client.docmd(command)[0] == 530
        assert client.mail(ALICE)[0] == 530
    finally:
        client.close()


def plain(name: str, password: str) -> str:
    return base64.b64encode(f"\0{name}\0{password}".encode()).decode()


def test_what_was_said_before_starttls_is_forgotten(
    host: MailHost, trust: ssl.SSLContext
) -> None:
    """Whoever sits on the line could otherwise put words before the client's own."""
    client = Smtp(host.ports.submission, HOST)
    try:
        client.ehlo()
        client.send(b"STARTTLS\r\nNOOP\r\n")
        assert client.getreply()[0] == 220
        assert client.sock
        client.sock = trust.wrap_socket(client.sock, server_hostname=HOST)
        client.file = None
        assert client.ehlo()[0] == 250
        assert client.has_extn("auth")
    finally:
        client.close()


def version_spoken(
    port: int, version: ssl.TLSVersion, trust: ssl.SSLContext, *, starttls: bool
) -> str | None:
    """Return what was agreed on with a client that knows this version alone."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trust.minimum_version = trust.maximum_version = version
    trust.set_ciphers(WEAK)
    with socket.create_connection((HOST, port), PATIENCE) as line:
        if starttls:
            for said in (b"EHLO client.example.com\r\n", b"STARTTLS\r\n"):
                line.recv(4096)
                line.sendall(said)
            assert line.recv(4096).startswith(b"220 ")
        try:
            with trust.wrap_socket(line, server_hostname=HOST) as secure:
                return secure.version()
        except (ssl.SSLError, ConnectionResetError):
            return None


@pytest.mark.parametrize("door", SESSIONS)
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_2", "TLSv1_3"])
def test_nothing_older_than_tls_1_2_is_spoken(
    version: str, door: str, host: MailHost, trust: ssl.SSLContext
) -> None:
    port: int = getattr(host.ports, door)
    wanted = ssl.TLSVersion[version]

    spoken = version_spoken(port, wanted, trust, starttls=door == "submission")

    new = wanted >= ssl.TLSVersion.TLSv1_2
    assert spoken == (version.replace("_", ".") if new else None)
