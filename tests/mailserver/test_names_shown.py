"""No reply shows a client the name of its logon, which means nothing to its user.

What Postfix and Dovecot say by themselves and nobody can word is listed in
docs/mailbox-features.md.
"""

import base64
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import HOST, client_address
from tests.mailserver.conftest import Log
from tests.mailserver.documented import PAGE
from tests.mailserver.steps import refusal_of_sender, revoke
from tests.patience import PATIENCE

pytestmark = [pytest.mark.mailserver]

ALICE, BOB = "alice@example.com", "bob@enforced.example"
LOGIN_NAME = re.compile(r"~\d+")
MAIL = b"Subject: seen by somebody else\r\n\r\n.\r\n"


class Talk:
    """A conversation, every line of which is kept."""

    def __init__(self, port: int, end: str) -> None:
        here = (client_address(), 0)
        self.line = socket.create_connection((HOST, port), PATIENCE, here)
        self._file = self.line.makefile("rb")
        self._end = re.compile(end)
        self.heard: list[str] = []

    def listen(self) -> str:
        """Read a reply; what is left when the server hangs up is one as well."""
        while line := self._file.readline().decode():
            self.heard.append(line)
            if self._end.match(line):
                return line
        return ""

    def say(self, *lines: str | bytes) -> str:
        """Send each line, and return the last reply."""
        reply = ""
        for line in lines:
            text = line if isinstance(line, bytes) else line.encode()
            self.line.sendall(text + b"\r\n")
            reply = self.listen()
        return reply

    def close(self) -> None:
        self._file.close()
        self.line.close()


def sasl(name: str, secret: str) -> str:
    return base64.b64encode(f"\0{name}\0{secret}".encode()).decode()


@pytest.fixture
def smtp(host: MailHost) -> Iterator[Talk]:
    with closing(Talk(host.ports.submission, r"\d{3} ")) as talk:
        talk.listen()
        yield talk


@pytest.fixture
def imap(host: MailHost) -> Iterator[Talk]:
    with closing(Talk(host.ports.imap, r"a |\+|\* OK \[CAP|\* BYE")) as talk:
        talk.listen()
        yield talk


@pytest.fixture
def pop3(host: MailHost) -> Iterator[Talk]:
    with closing(Talk(host.ports.pop3, r"[+-]")) as talk:
        talk.listen()
        yield talk


@pytest.fixture
def secret(host: MailHost) -> str:
    account = factories.make_account(ALICE, client_passwords_on=True)
    factories.make_account(BOB)
    return factories.make_client_password(account)[1]


def cut_off() -> None:
    revoke(ClientPassword.objects.get())


def say_by_smtp(smtp: Talk, secret: str) -> None:
    """Provoke each refusal of a session that has logged on, and the last one."""
    smtp.say("EHLO client.example.com", "AUTH PLAIN " + sasl(ALICE, "wrong"))
    smtp.say("AUTH PLAIN " + sasl(ALICE, factories.PASSWORD))
    assert smtp.say("AUTH PLAIN " + sasl(ALICE, secret)).startswith("235 ")
    smtp.say("AUTH PLAIN " + sasl(ALICE, secret), "NONSENSE", "DATA", "RCPT TO:<x>")
    smtp.say("VRFY " + ALICE, "ETRN example.com", "MAIL FROM:<not an address>")
    smtp.say(f"MAIL FROM:<{BOB}>", f"RCPT TO:<{ALICE}>", "DATA", "RSET")
    smtp.say(f"MAIL FROM:<{ALICE}> SIZE=999999999", "RSET", "MAIL FROM:<>")
    for to in ("nobody@example.com", "friend@elsewhere.example", "x y", BOB, BOB):
        smtp.say(f"RCPT TO:<{to}>")
    smtp.say("DATA")
    smtp.say(MAIL.rstrip(b"\r\n"))
    smtp.say(f"MAIL FROM:<{ALICE}>")
    cut_off()
    assert smtp.say(f"RCPT TO:<{BOB}>").startswith("521 ")


def say_by_smtp_at_the_end_of_data(smtp: Talk, secret: str) -> None:
    smtp.say("EHLO client.example.com", "AUTH PLAIN " + sasl(ALICE, secret))
    smtp.say(f"MAIL FROM:<{ALICE}>", f"RCPT TO:<{BOB}>", f"RCPT TO:<{ALICE}>", "DATA")
    cut_off()
    assert smtp.say(MAIL.rstrip(b"\r\n")).startswith("521 ")


def say_by_imap(imap: Talk, secret: str) -> None:
    imap.say(f"a LOGIN {ALICE} wrong", f"a LOGIN {ALICE} {secret}")
    for command in (
        "CAPABILITY",
        "NAMESPACE",
        "ID NIL",
        'LIST "" * RETURN (SPECIAL-USE STATUS (MESSAGES))',
        "SELECT nothing",
        "CREATE INBOX",
        "RENAME Sent Sent",
        "SELECT INBOX",
        "FETCH 7 BODY[]",
        "GETACL INBOX",
        "MYRIGHTS INBOX",
        "GETQUOTAROOT INBOX",
        "NONSENSE",
    ):
        imap.say(f"a {command}")
    imap.line.sendall(b"a IDLE\r\n")
    imap.listen()
    cut_off()
    imap.listen()


def say_by_pop3(pop3: Talk, secret: str) -> None:
    pop3.say(f"USER {ALICE}", "PASS wrong", f"USER {ALICE}", f"PASS {secret}")
    pop3.say("STAT", "RETR 9", "TOP 9 9", "NONSENSE", "NOOP")
    cut_off()
    pop3.listen()


CONVERSATIONS: dict[str, tuple[str, Callable[[Talk, str], None]]] = {
    "smtp": ("smtp", say_by_smtp),
    "end of data": ("smtp", say_by_smtp_at_the_end_of_data),
    "imap": ("imap", say_by_imap),
    "pop3": ("pop3", say_by_pop3),
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_no_reply_shows_the_name_of_the_logon(
    name: str, host: MailHost, secret: str, request: pytest.FixtureRequest
) -> None:
    protocol, converse = CONVERSATIONS[name]
    talk = request.getfixturevalue(protocol)

    converse(talk, secret)

    assert len(talk.heard) > 5
    assert [line for line in talk.heard if LOGIN_NAME.search(line)] == []


@pytest.mark.parametrize(
    "sender",
    [
        BOB,
        "bob+shop@enforced.example",
        "Bob@Enforced.Example",
        "nobody@example.com",
        "alice@example.com@elsewhere.example",
        "x" * 64 + "@" + "y" * 60 + ".example",
        "al%u=${name}@elsewhere.example",
        "\u00e4lice@example.com",
    ],
)
def test_the_log_alone_names_the_logon_of_who_sends_as_somebody_else(
    sender: str, host: MailHost, smtp: Talk, secret: str
) -> None:
    smtp.say("EHLO client.example.com", "AUTH PLAIN " + sasl(ALICE, secret))
    log = Log(host.postfix_log)
    utf8 = "" if sender.isascii() else " SMTPUTF8"

    reply = smtp.say(f"MAIL FROM:<{sender}>{utf8}", f"RCPT TO:<{BOB}>")

    code, text = refusal_of_sender(sender)
    assert reply.rstrip() == f"{code} {text.decode()}"
    assert text.decode().split(": ", 1)[1] in PAGE.read_text()
    row = ClientPassword.objects.get()
    log.wait_for(f"not owned by user {ALICE}~{row.pk};")
    # What is refused for another reason gets the words of that reason.
    reply = smtp.say("RSET", f"MAIL FROM:<{ALICE}>", "RCPT TO:<nobody@example.com>")
    assert "User unknown" in reply
