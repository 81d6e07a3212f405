"""Browsers and mail programs in the container's network, which verify certificates."""

import http.client
import imaplib
import smtplib
import socket
import ssl
import time
from dataclasses import dataclass
from email.message import EmailMessage

from tests.install.container import Container
from tests.install.installed import DOMAIN
from tests.patience import PATIENCE


class _Imap(imaplib.IMAP4_SSL):
    def __init__(self, caller: "Caller") -> None:
        self._caller = caller
        super().__init__(f"imap.{DOMAIN}", 993, ssl_context=caller.trust)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        return self._caller.call(self.host, self.port)


class _Smtp(smtplib.SMTP_SSL):
    def __init__(self, caller: "Caller") -> None:
        self._caller = caller
        super().__init__(f"smtp.{DOMAIN}", 465, context=caller.trust)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._caller.call(host, port)


class _Https(http.client.HTTPSConnection):
    def __init__(self, caller: "Caller", host: str) -> None:
        self._caller = caller
        super().__init__(host, 443, context=caller.trust)

    def connect(self) -> None:
        self.sock = self._caller.call(self.host, self.port)


@dataclass(frozen=True)
class Caller:
    """Somebody at this address, who trusts the test's authority and nobody else."""

    container: Container
    trust: ssl.SSLContext
    address: str

    def call(self, name: str, port: int) -> ssl.SSLSocket:
        """Return a TLS connection to that port, whose certificate is for that name."""
        line = self.container.connect(port, self.address)
        return self.trust.wrap_socket(line, server_hostname=name)

    def serial(self, name: str, port: int) -> object:
        """Return the serial number of the certificate that is shown there."""
        with self.call(name, port) as line:
            certificate = line.getpeercert()
        assert certificate is not None
        return certificate["serialNumber"]

    def imaps(self, address: str, password: str) -> imaplib.IMAP4_SSL:
        """Return an IMAP session that is logged on. Raises imaplib.IMAP4.error."""
        client = _Imap(self)
        try:
            client.login(address, password)
        except imaplib.IMAP4.error:
            client.shutdown()
            raise
        return client

    def submissions(self, address: str, password: str) -> smtplib.SMTP_SSL:
        """Return a submission session that is logged on. Raises smtplib's errors."""
        client = _Smtp(self)
        try:
            client.login(address, password)
        except smtplib.SMTPException:
            client.close()
            raise
        return client

    def get(self, path: str) -> tuple[int, str]:
        """Return the status and the text of a page of the portal."""
        browser = _Https(self, f"portal.{DOMAIN}")
        try:
            browser.request("GET", path)
            answer = browser.getresponse()
            return answer.status, answer.read().decode()
        finally:
            browser.close()


def message(sender: str, recipient: str, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, subject
    mail.set_content("Read back.")
    return mail


def wait_for(subject: str, mailbox: imaplib.IMAP4) -> None:
    """Wait until a message with this subject is in the inbox."""
    deadline = time.monotonic() + PATIENCE
    while True:
        mailbox.select(readonly=True)
        if mailbox.search(None, "SUBJECT", f'"{subject}"')[1] != [b""]:
            return
        assert time.monotonic() < deadline, "not delivered"
        time.sleep(0.2)
