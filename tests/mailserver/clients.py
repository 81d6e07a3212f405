"""Mail programs, each with a client address of its own.

guesses.lua counts failures by address, so no two logons use the same one.
"""

import imaplib
import itertools
import poplib
import smtplib
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.authsocket import Verdict
from deploy.mailhost import MailHost
from tests.patience import PATIENCE

WEBMAIL = "127.2.0.0/16"
HOST = "127.0.0.1"
# Dovecot's answer to a password of many kilobytes, before it hangs up.
TOO_LONG = "Input buffer full"

_numbers = itertools.count(1)


def client_address() -> str:
    """Return an address that no logon has used yet."""
    number = next(_numbers)
    return f"127.1.{number >> 8}.{number & 255}"


def webmail_address() -> str:
    """Return an address of the host's webmail that no logon has used yet."""
    number = next(_numbers)
    return f"127.2.{number >> 8}.{number & 255}"


def _call(port: int, source: str | None) -> socket.socket:
    here = (source or client_address(), 0)
    return socket.create_connection((HOST, port), PATIENCE, source_address=here)


class Imap(imaplib.IMAP4):
    def __init__(self, port: int, source: str | None = None) -> None:
        self._source = source
        super().__init__(HOST, port)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        return _call(self.port, self._source)


class Pop3(poplib.POP3):
    def __init__(self, port: int, source: str | None = None) -> None:
        self._source = source
        super().__init__(HOST, port)

    def _create_socket(self, timeout: float) -> socket.socket:
        return _call(self.port, self._source)


class Smtp(smtplib.SMTP):
    def __init__(self, port: int, source: str | None = None) -> None:
        self._source = source
        super().__init__(HOST, port, local_hostname="client.example.com")

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return _call(port, self._source)


@contextmanager
def imap_session(
    host: MailHost, name: str, password: str, source: str | None = None
) -> Iterator[Imap]:
    """Open an IMAP session, logged on."""
    client = Imap(host.ports.imap, source)
    try:
        client.login(name, password)
        yield client
    finally:
        client.shutdown()


@contextmanager
def pop3_session(
    host: MailHost, name: str, password: str, source: str | None = None
) -> Iterator[Pop3]:
    """Open a POP3 session, logged on."""
    client = Pop3(host.ports.pop3, source)
    try:
        client.user(name)
        client.pass_(password)
        yield client
    finally:
        client.close()


@contextmanager
def smtp_session(
    host: MailHost, name: str, password: str, source: str | None = None
) -> Iterator[Smtp]:
    """Open a submission session, logged on."""
    client = Smtp(host.ports.submission, source)
    try:
        client.ehlo()
        # Not login(), which would try again by another mechanism.
        client.user, client.password = name, password
        client.auth("PLAIN", client.auth_plain)
        yield client
    finally:
        client.close()


def _by_imap(host: MailHost, name: str, password: str, source: str | None) -> Verdict:
    try:
        with imap_session(host, name, password, source):
            return Verdict.OK
    except imaplib.IMAP4.error as error:
        refused = ("[AUTHENTICATIONFAILED]", TOO_LONG)
        return _verdict(str(error), refused, "[UNAVAILABLE]")


def _by_pop3(host: MailHost, name: str, password: str, source: str | None) -> Verdict:
    try:
        with pop3_session(host, name, password, source):
            return Verdict.OK
    except poplib.error_proto as error:
        return _verdict(str(error), ("[AUTH]", TOO_LONG), "[SYS/TEMP]")


def _by_smtp(host: MailHost, name: str, password: str, source: str | None) -> Verdict:
    try:
        with smtp_session(host, name, password, source):
            return Verdict.OK
    except smtplib.SMTPAuthenticationError as error:
        return _verdict(str(error.smtp_code), ("535",), "454")


def _verdict(answer: str, refused: tuple[str, ...], temporary: str) -> Verdict:
    """Return the verdict of an answer, which must be one of these."""
    if any(words in answer for words in refused):
        return Verdict.REFUSED
    assert temporary in answer, answer
    return Verdict.TEMPORARY


LogOn = Callable[[MailHost, str, str, str | None], Verdict]

LOG_ON_BY: dict[str, LogOn] = {"imap": _by_imap, "pop3": _by_pop3, "smtp": _by_smtp}


def log_on(
    protocol: str, host: MailHost, name: str, password: str, source: str | None = None
) -> Verdict:
    """Log on with imaplib, poplib or smtplib, hang up, and return the verdict."""
    return LOG_ON_BY[protocol](host, name, password, source)


class Lmtp(smtplib.LMTP):
    """LMTP over a Unix socket; that of smtplib accepts no time-out for one."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        line.connect(host)
        return line
