"""The server name that a client asks for by TLS (SNI) decides nothing.

Dovecot knows it by the same name as what the relay writes into Postfix's questions.
"""

import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from accounts.models import Account
from deploy.mailhost import MailHost
from deploy.ports import choose_free_ports
from deploy.render import TEMPLATES
from deploy.values import Certificate, Ports
from tests import factories
from tests.environment import FOLDER
from tests.factories import PASSWORD
from tests.mailserver.clients import HOST, WEBMAIL, client_address
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.versions import protocols_and
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
LISTENER = """
service {service}-login {{
  inet_listener {service}-tls {{
    port = {port}
    ssl = yes
  }}
}}
"""
# Open by default, at ports that another run of the tests may have.
WELL_KNOWN = """
service submission-login {
  inet_listener submission {
    port = 0
  }
  inet_listener submissions {
    port = 0
  }
}
service managesieve-login {
  inet_listener sieve {
    port = 0
  }
}
"""
# The first: a question of the relay's from 1970, which would be answered too late.
NAMES = ["portal-relay:0", "portal-relay:99999999999", "mail.example.com", None]


class Spoken:
    """A conversation within TLS, line by line."""

    def __init__(self, port: int, name: str | None) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        source = (client_address(), 0)
        line = socket.create_connection((HOST, port), PATIENCE, source)
        self.socket = context.wrap_socket(line, server_hostname=name)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def hear(self, end: str) -> str:
        """Return the first line that begins as this pattern says."""
        while True:
            line = self._file.readline().decode()
            assert line, "hung up"
            if re.match(end, line):
                return line

    def say(self, text: str, end: str) -> str:
        self.socket.sendall(text.encode() + b"\r\n")
        return self.hear(end)


def plain(password: str) -> str:
    return b64encode(f"\0{ALICE}\0{password}".encode()).decode()


def by_imap(client: Spoken, password: str) -> bool:
    client.hear(r"\* ")
    return client.say(f'a LOGIN {ALICE} "{password}"', "a ").startswith("a OK")


def by_pop3(client: Spoken, password: str) -> bool:
    client.hear(r"\+OK")
    client.say(f"USER {ALICE}", r"\+OK")
    return client.say(f"PASS {password}", "").startswith("+OK")


def by_submission(client: Spoken, password: str) -> bool:
    client.hear("220 ")
    client.say("EHLO client.example.com", "250 ")
    return client.say(f"AUTH PLAIN {plain(password)}", "").startswith("235")


def by_sieve(client: Spoken, password: str) -> bool:
    client.hear("OK")
    # Dovecot's managesieve-login may never read a command that follows its greeting at
    # once: on a busy machine, 2 of 400 connections.
    time.sleep(0.3)
    answer = client.say(f'AUTHENTICATE "PLAIN" "{plain(password)}"', "(OK|NO)")
    return answer.startswith("OK")


# By what Dovecot calls the service.
LETS_IN: dict[str, Callable[[Spoken, str], bool]] = {
    "imap": by_imap,
    "pop3": by_pop3,
    "submission": by_submission,
    "sieve": by_sieve,
}
LOGIN = {name: "managesieve" if name == "sieve" else name for name in LETS_IN}


@pytest.fixture(scope="module")
def doors() -> dict[str, int]:
    ports = vars(choose_free_ports(Ports(0, 0, 0, 0, 0))).values()
    return dict(zip(LETS_IN, ports, strict=False))


@pytest.fixture(scope="module")
def running_host(
    database_url: str, certificate: Certificate, doors: dict[str, int]
) -> Iterator[MailHost]:
    """A host that serves everything Dovecot can, within TLS."""
    more = "".join(
        LISTENER.format(service=LOGIN[service], port=port)
        for service, port in doors.items()
    )
    ports = choose_free_ports(Ports(0, 0, 0, 0, 0))
    with SiteHost(
        FOLDER / "server-names",
        database_url=database_url,
        ports=ports,
        webmail_networks=[WEBMAIL],
        certificate=certificate,
        failure_delay=0,
        dovecot=protocols_and("submission", "sieve")
        + f"submission_relay_host = {HOST}\n"
        f"submission_relay_port = {ports.submission}\n{WELL_KNOWN}{more}",
    ) as host:
        yield host


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ALICE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("service", LETS_IN)
def test_a_server_name_changes_no_decision(
    service: str,
    name: str | None,
    alice: Account,
    doors: dict[str, int],
    dovecot_log: Log,
) -> None:
    for password, is_right in ((PASSWORD, True), ("a-guess", False)):
        with Spoken(doors[service], name) as client:
            assert LETS_IN[service](client, password) is is_right

    outcomes = re.findall(r'"outcome":"(\w+)"', dovecot_log.settled())
    assert outcomes == ["ok", "refused"]


def test_every_service_that_the_script_knows_is_tried() -> None:
    script = Path(TEMPLATES / "dovecot" / "portal.lua").read_text()
    known = script.partition("local PROTOCOLS = {")[2].partition("\n}")[0]

    # "smtp" is Postfix, whose questions come by the relay.
    assert {*re.findall(r"(\w+) = \"", known)} - {"smtp"} == {*LETS_IN}
