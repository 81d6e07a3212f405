"""Mail programs that speak TLS and verify the certificate, and those that do not."""

import imaplib
import poplib
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from deploy.mailhost import MailHost
from tests.mailserver.clients import HOST, Smtp, client_address
from tests.patience import PATIENCE


@contextmanager
def imaps(
    host: MailHost, trust: ssl.SSLContext, name: str, password: str
) -> Iterator[imaplib.IMAP4_SSL]:
    """Open an IMAP session on the port for IMAP over TLS, logged on."""
    client = imaplib.IMAP4_SSL(HOST, host.ports.imap, ssl_context=trust)
    try:
        client.login(name, password)
        yield client
    finally:
        client.shutdown()


@contextmanager
def pop3s(
    host: MailHost, trust: ssl.SSLContext, name: str, password: str
) -> Iterator[poplib.POP3_SSL]:
    """Open a POP3 session on the port for POP3 over TLS, logged on."""
    client = poplib.POP3_SSL(HOST, host.ports.pop3, context=trust, timeout=PATIENCE)
    try:
        client.user(name)
        client.pass_(password)
        yield client
    finally:
        client.close()


@contextmanager
def submission(
    host: MailHost, trust: ssl.SSLContext, name: str, password: str
) -> Iterator[smtplib.SMTP]:
    """Open a submission session on port 587: STARTTLS, then AUTH."""
    client = Smtp(host.ports.submission, HOST)
    try:
        client.starttls(context=trust)
        client.login(name, password)
        yield client
    finally:
        client.close()


@contextmanager
def submissions(
    host: MailHost, trust: ssl.SSLContext, name: str, password: str
) -> Iterator[smtplib.SMTP]:
    """Open a submission session on port 465: TLS from the first byte."""
    client = smtplib.SMTP_SSL(HOST, host.ports.submissions, context=trust)
    try:
        client.login(name, password)
        yield client
    finally:
        client.close()


Session = Callable[[MailHost, ssl.SSLContext, str, str], AbstractContextManager[object]]

SESSIONS: dict[str, Session] = {
    "imap": imaps,
    "pop3": pop3s,
    "submission": submission,
    "submissions": submissions,
}


def read_first_answer(port: int, said: bytes) -> bytes:
    """Send bytes in clear text; return the answer until the server hangs up."""
    # Not from HOST: Dovecot takes its own address for secure.
    source = (client_address(), 0)
    with socket.create_connection((HOST, port), PATIENCE, source) as line:
        line.sendall(said)
        answer = b""
        try:
            while part := line.recv(4096):
                answer += part
        except ConnectionResetError:
            pass
    return answer
