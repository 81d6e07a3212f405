"""Port 25, the door to the world: mail for our mailboxes comes in, and no more."""

import socket
import ssl
from collections.abc import Iterator

import pytest

from deploy.mailhost import MailHost
from deploy.render import TEMPLATES
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import HOST, Smtp
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import wait_for_messages
from tests.mailserver.tlsclients import imaps

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"


@pytest.fixture
def port() -> int:
    with socket.create_server((HOST, 0)) as probe:
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def world(
    host: MailHost, port: int, database_url: str, certificate: Certificate
) -> Iterator[MailHost]:
    """What an operator gets in addition to submission, on another port than 25."""
    main = (TEMPLATES / "postfix" / "main-host.cf").read_text()
    master = (TEMPLATES / "postfix" / "master-host.cf").read_text()
    with SiteHost(
        FOLDER / "world",
        database_url=database_url,
        certificate=certificate,
        main_cf=main.replace("inet_interfaces = all\n", ""),
        master_cf=master.replace("smtp      inet", f"{HOST}:{port} inet"),
    ) as running:
        yield running


def test_the_world_delivers_relays_nothing_and_is_asked_for_no_password(
    world: MailHost, port: int, trust: ssl.SSLContext
) -> None:
    account = factories.make_account(ALICE, client_passwords_on=True)
    secret = factories.make_client_password(account)[1]
    with Smtp(port, HOST) as client:
        client.starttls(context=trust)
        client.ehlo()
        assert not client.has_extn("auth")
        assert client.docmd("AUTH PLAIN")[0] == 503
        client.mail("friend@x.org")
        assert client.rcpt("other@x.org")[0] == 554
        assert client.rcpt("nobody@example.com")[0] == 550
        client.rset()
        client.sendmail("friend@x.org", ALICE, "Subject: From the world\r\n\r\n.")

    with imaps(world, trust, ALICE, secret) as mailbox:
        wait_for_messages({"From the world"}, mailbox)
