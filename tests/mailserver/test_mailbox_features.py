"""Quota, Sieve and the count of connections, as docs/mailbox-features.md has them."""

import base64
import imaplib
import re
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from django.utils import timezone

from accounts.events import Actor
from accounts.models import Policy
from clientpasswords import lifecycle
from clientpasswords.logon import sentences
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import HOST, Lmtp
from tests.mailserver.documented import blocks, replace_names
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import (
    AT_ONCE,
    doveadm,
    seconds_until_closed,
    wait_for_messages,
)
from tests.mailserver.tlsclients import imaps
from tests.mailserver.versions import DOVECOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

OWNER = Actor("alice@example.com", "198.51.100.7", "")
QUOTA = 20  # KiB
CONNECTIONS = 2


class Sieve:
    """A ManageSieve client (RFC 5804), as far as it is needed here."""

    def __init__(self, port: int) -> None:
        # Not from HOST, whose own connections Dovecot takes for safe.
        source = ("127.1.250.1", 0)
        self.sock = socket.create_connection((HOST, port), PATIENCE, source)
        self._file = self.sock.makefile("rb")
        self.capabilities = self._answer()

    def command(self, line: str) -> str:
        """Send it and return the answer, up to the line that begins with OK or NO."""
        self.sock.sendall(line.encode() + b"\r\n")
        return self._answer()

    def starttls(self, trust: ssl.SSLContext) -> None:
        assert "OK" in self.command("STARTTLS")
        self.sock = trust.wrap_socket(self.sock, server_hostname=HOST)
        self._file = self.sock.makefile("rb")
        self.capabilities = self._answer()

    def log_on(self, name: str, password: str) -> str:
        plain = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
        return self.command(f'AUTHENTICATE "PLAIN" "{plain}"')

    def close(self) -> None:
        self._file.close()
        self.sock.close()

    def _answer(self) -> str:
        answer = ""
        while not re.search(r"^(OK|NO|BYE)\b", answer, re.MULTILINE):
            line = self._file.readline()
            assert line, answer
            answer += line.decode()
        return answer


@pytest.fixture(scope="module")
def sieve_port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@pytest.fixture(scope="module")
def running_host(
    database_url: str, certificate: Certificate, sieve_port: int
) -> Iterator[MailHost]:
    """A host with all that; the fixture `host` is this one here."""
    headings = ("Quota", "Sieve", "Connections of one device")
    here = {
        f"{DOVECOT.storage}10G": f"{DOVECOT.storage}{QUOTA}K",
        "port = 4190": f"port = {sieve_port}",
        "userip_connections = 10": f"userip_connections = {CONNECTIONS}",
    }
    text = "".join(blocks(heading, "conf") for heading in headings)
    with SiteHost(
        FOLDER / "features",
        database_url=database_url,
        certificate=certificate,
        failure_delay=0,
        dovecot=replace_names(text, here),
    ) as host:
        yield host


class Owner:
    """Somebody with a phone and a laptop, and an empty mailbox."""

    def __init__(self, address: str) -> None:
        self.account = factories.make_account(address, client_passwords_on=True)
        self.address = address
        self.phone, self.phone_secret = factories.make_client_password(self.account)
        self.laptop, self.laptop_secret = factories.make_client_password(
            self.account, "Laptop"
        )


@pytest.fixture
def owner(host: MailHost, request: pytest.FixtureRequest) -> Owner:
    """One for each test, as mail stays from one test to the next."""
    name = re.sub(r"[^a-z]+", "-", request.node.name)[5:60].strip("-")
    return Owner(f"{name}@example.com")


@contextmanager
def managesieve(
    port: int, trust: ssl.SSLContext, name: str, password: str
) -> Iterator[Sieve]:
    client = Sieve(port)
    try:
        client.starttls(trust)
        assert client.log_on(name, password).startswith("OK")
        yield client
    finally:
        client.close()


def used(session: imaplib.IMAP4) -> int:
    """Return what is used of the quota, in KiB."""
    _, (_, [quota, *_]) = session.getquotaroot("INBOX")
    found = re.search(rb"\(STORAGE (\d+) (\d+)\)", quota)
    assert found
    assert int(found[2]) == QUOTA
    return int(found[1])


def test_all_devices_and_delivery_fill_one_quota(
    host: MailHost, trust: ssl.SSLContext, owner: Owner
) -> None:
    half = b"Subject: half\r\n\r\n" + b"x" * 70 * 130 + b"\r\n"
    with imaps(host, trust, owner.address, owner.phone_secret) as phone:
        assert phone.append("INBOX", "", "", half)[0] == "OK"
        assert used(phone) == 9
    with Lmtp(str(host.socket("lmtp"))) as delivery:
        delivery.sendmail("friend@x.org", owner.address, half)
        with pytest.raises(smtplib.SMTPDataError) as full:
            delivery.sendmail("friend@x.org", owner.address, half)
    assert full.value.smtp_code == 552

    with imaps(host, trust, owner.address, owner.laptop_secret) as laptop:
        assert used(laptop) == 19
        answer, [text] = laptop.append("INBOX", "", "", half)
    assert (answer, text[:11]) == ("NO", b"[OVERQUOTA]")


def test_doveadm_finds_the_same_mailbox_by_either_name(
    host: MailHost, trust: ssl.SSLContext, owner: Owner
) -> None:
    with imaps(host, trust, owner.address, owner.phone_secret) as phone:
        phone.append("INBOX", "", "", b"Subject: one\r\n\r\n1\r\n")

    for name in (owner.address, f"{owner.address}~{owner.laptop.pk}"):
        status = doveadm(host, "mailbox", "status", "-u", name, "messages", "INBOX")
        assert status.stdout.strip() == "INBOX messages=1"
        assert doveadm(host, "index", "-u", name, "INBOX").returncode == 0


SCRIPT = (
    'require ["fileinto", "mailbox"];\r\n'
    'if header :contains "subject" "[list]" { fileinto :create "Lists"; }\r\n'
)


def test_a_script_put_by_one_device_sorts_what_arrives_for_all(
    host: MailHost, sieve_port: int, trust: ssl.SSLContext, owner: Owner
) -> None:
    with managesieve(sieve_port, trust, owner.address, owner.phone_secret) as phone:
        size = len(SCRIPT)
        assert "OK" in phone.command(f'PUTSCRIPT "sort" {{{size}+}}\r\n{SCRIPT}')
        assert "OK" in phone.command('SETACTIVE "sort"')
    with managesieve(sieve_port, trust, owner.address, owner.laptop_secret) as laptop:
        assert laptop.command("LISTSCRIPTS").startswith('"sort" ACTIVE')

    with Lmtp(str(host.socket("lmtp"))) as delivery:
        delivery.sendmail("x@x.org", owner.address, "Subject: [list] a\r\n\r\n.\r\n")
        delivery.sendmail("x@x.org", owner.address, "Subject: to me\r\n\r\n.\r\n")

    with imaps(host, trust, owner.address, owner.laptop_secret) as laptop:
        wait_for_messages({"to me"}, laptop)
        assert laptop.select("INBOX")[1] == [b"1"]
        assert laptop.select("Lists")[1] == [b"1"]


BY_DETAIL = (
    'require ["fileinto", "mailbox", "envelope", "subaddress"];\r\n'
    'if envelope :detail "to" "shop" { fileinto :create "Shop"; }\r\n'
)


def test_a_script_sees_what_stands_behind_the_plus(
    host: MailHost, sieve_port: int, trust: ssl.SSLContext, owner: Owner
) -> None:
    with managesieve(sieve_port, trust, owner.address, owner.phone_secret) as phone:
        size = len(BY_DETAIL)
        assert "OK" in phone.command(f'PUTSCRIPT "plus" {{{size}+}}\r\n{BY_DETAIL}')
        assert "OK" in phone.command('SETACTIVE "plus"')

    with Lmtp(str(host.socket("lmtp"))) as delivery:
        for to in (owner.address.replace("@", "+shop@"), owner.address):
            delivery.sendmail("x@x.org", to, f"Subject: {to}\r\n\r\n.\r\n")

    with imaps(host, trust, owner.address, owner.laptop_secret) as laptop:
        wait_for_messages({owner.address}, laptop)
        assert laptop.select("INBOX")[1] == [b"1"]
        assert laptop.select("Shop")[1] == [b"1"]


def test_managesieve_says_why_a_right_password_is_refused(
    host: MailHost, sieve_port: int, trust: ssl.SSLContext, owner: Owner
) -> None:
    sentences.store()
    owner.account.client_passwords.update(revoked_at=timezone.now())
    client = Sieve(sieve_port)
    try:
        client.starttls(trust)
        answer = client.log_on(owner.address, owner.phone_secret)
    finally:
        client.close()

    assert answer.startswith("NO")
    assert "This security password was deleted" in answer


def test_managesieve_takes_no_password_before_starttls(
    sieve_port: int, owner: Owner
) -> None:
    client = Sieve(sieve_port)
    try:
        assert '"SASL" ""' in client.capabilities
        assert client.log_on(owner.address, owner.phone_secret).startswith("NO")
    finally:
        client.close()


def test_managesieve_ends_and_is_refused_as_imap_is(
    sieve_port: int, trust: ssl.SSLContext, owner: Owner
) -> None:
    with managesieve(sieve_port, trust, owner.address, owner.phone_secret) as phone:
        rows = ClientPassword.objects.filter(pk=owner.phone.pk)
        assert lifecycle.revoke(rows, by=OWNER) == 1
        assert seconds_until_closed(phone.sock) < AT_ONCE

    Policy.objects.update(imap=False)
    for secret in (owner.phone_secret, owner.laptop_secret):
        client = Sieve(sieve_port)
        try:
            client.starttls(trust)
            assert client.log_on(owner.address, secret).startswith("NO")
        finally:
            client.close()


def test_managesieve_says_why_the_right_web_password_is_refused(
    sieve_port: int, trust: ssl.SSLContext, owner: Owner
) -> None:
    sentences.store()
    client = Sieve(sieve_port)
    try:
        client.starttls(trust)
        answer = client.log_on(owner.address, factories.PASSWORD)
    finally:
        client.close()

    assert answer.startswith("NO")
    assert "Use a security password here, not your web password" in answer


def test_connections_are_counted_for_each_device(
    host: MailHost, trust: ssl.SSLContext, owner: Owner
) -> None:
    def session(secret: str) -> AbstractContextManager[imaplib.IMAP4_SSL]:
        return imaps(host, trust, owner.address, secret)

    with ExitStack() as opened:
        for _ in range(CONNECTIONS):
            opened.enter_context(session(owner.phone_secret))
        wait_until_listed(host, owner)

        with (
            pytest.raises(imaplib.IMAP4.error, match="mail_max_userip_connections"),
            session(owner.phone_secret),
        ):
            pass
        opened.enter_context(session(owner.laptop_secret))


def wait_until_listed(host: MailHost, owner: Owner) -> None:
    """Dovecot counts a session a moment after it has begun."""
    name = f"{owner.address}~{owner.phone.pk}"
    deadline = time.monotonic() + PATIENCE
    while doveadm(host, "who", "-1", name).stdout.count(name) < CONNECTIONS:
        assert time.monotonic() < deadline, "not listed"
        time.sleep(0.1)
