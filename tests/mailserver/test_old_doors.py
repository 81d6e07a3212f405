"""What holds on the ports of old, 143 and 110, where an administrator opens them."""

import poplib
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.mailhost import MailHost
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import HOST, Imap, Pop3
from tests.mailserver.sitehost import SiteHost

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"

OPENED = """
service imap-login {{
  inet_listener imap {{
    port = {doors.imap}
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {doors.pop3}
  }}
}}
"""


@pytest.fixture
def phone(host: MailHost) -> str:
    alice = factories.make_account(ALICE, client_passwords_on=True)
    return factories.make_client_password(alice)[1]


@dataclass(frozen=True)
class OldDoors:
    """Ports without TLS from the first byte, for clients that know STARTTLS only."""

    imap: int
    pop3: int


@pytest.fixture
def old_doors(
    host: MailHost, database_url: str, certificate: Certificate
) -> Iterator[OldDoors]:
    with socket.create_server((HOST, 0)) as a, socket.create_server((HOST, 0)) as b:
        doors = OldDoors(a.getsockname()[1], b.getsockname()[1])
    with SiteHost(
        FOLDER / "old-doors",
        database_url=database_url,
        certificate=certificate,
        failure_delay=0,
        dovecot=OPENED.format(doors=doors),
    ):
        yield doors


def test_where_imap_has_a_door_without_tls_no_password_goes_through_it(
    old_doors: OldDoors, trust: ssl.SSLContext, phone: str
) -> None:
    client = Imap(old_doors.imap)
    try:
        assert "LOGINDISABLED" in client.capabilities
        assert not any(word.startswith("AUTH=") for word in client.capabilities)
        with pytest.raises(client.error, match="PRIVACYREQUIRED"):
            client.login(ALICE, phone)
        with pytest.raises(client.error, match="PRIVACYREQUIRED"):
            client.authenticate("PLAIN", lambda _: f"\0{ALICE}\0{phone}".encode())
        client.starttls(trust)
        assert client.login(ALICE, phone)[0] == "OK"
    finally:
        client.shutdown()


def test_where_pop3_has_a_door_without_tls_no_password_goes_through_it(
    old_doors: OldDoors, trust: ssl.SSLContext, phone: str
) -> None:
    client = Pop3(old_doors.pop3)
    try:
        assert "USER" not in client.capa()
        with pytest.raises(poplib.error_proto, match=r"(Plaintext|Cleartext) auth"):
            client.user(ALICE)
        client.stls(trust)
        client.user(ALICE)
        assert client.pass_(phone).startswith(b"+OK")
    finally:
        client.close()
