"""Plus addresses and aliases: who receives what comes, and who may send under them."""

import smtplib
from collections.abc import Iterator

import pytest

from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from deploy.render import render
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import (
    WEBMAIL,
    Smtp,
    imap_session,
    smtp_session,
    webmail_address,
)
from tests.mailserver.documented import blocks
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import wait_for_message

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ALICE, BOB = "alice@example.com", "bob@enforced.example"
NAMES_OF_OTHERS, FOLDERS = "Other addresses, and parameters of your own", "Folders"


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    """A host whose operator has aliases and parameters, and has rendered again."""
    folder = FOLDER / "aliases"
    own = folder / "local"
    own.mkdir(parents=True)
    for name in ("aliases", "senders", "main.cf"):
        (own / name).write_text(blocks(NAMES_OF_OTHERS, name))
    with SiteHost(
        folder,
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=blocks(FOLDERS, "conf"),
    ) as host:
        yield host


class Owner:
    def __init__(self, address: str) -> None:
        self.account = factories.make_account(address, client_passwords_on=True)
        self.row, self.secret = factories.make_client_password(self.account)
        self.address = address


@pytest.fixture
def alice(host: MailHost) -> Owner:
    return Owner(ALICE)


@pytest.fixture
def bob(host: MailHost) -> Owner:
    return Owner(BOB)


@pytest.fixture
def eve(host: MailHost) -> Owner:
    return Owner("eve@example.com")


def send(session: smtplib.SMTP, sender: str, to: str, subject: str) -> None:
    assert session.sendmail(sender, [to], f"Subject: {subject}\r\n\r\n.\r\n") == {}


def recipient_code(session: smtplib.SMTP, sender: str, to: str) -> int:
    session.rset()
    session.mail(sender)
    return session.rcpt(to)[0]


def test_mail_to_a_plus_address_arrives(
    host: MailHost, alice: Owner, bob: Owner
) -> None:
    with smtp_session(host, BOB, bob.secret) as session:
        send(session, BOB, "alice+shop@example.com", "For the shop")

    wait_for_message("For the shop", host, ALICE, alice.secret)


@pytest.mark.parametrize("sender", ["alice+shop@example.com", "Alice+a+b@Example.com"])
def test_its_owner_sends_under_it_and_nobody_else(
    sender: str, host: MailHost, alice: Owner, bob: Owner
) -> None:
    with smtp_session(host, ALICE, alice.secret) as session:
        assert recipient_code(session, sender, BOB) == 250
    with smtp_session(host, ALICE, factories.PASSWORD, webmail_address()) as session:
        assert recipient_code(session, sender, BOB) == 250
    with smtp_session(host, BOB, bob.secret) as session:
        assert recipient_code(session, sender, ALICE) == 553


def test_a_cut_off_device_sends_under_no_other_address_either(
    host: MailHost, alice: Owner, bob: Owner
) -> None:
    for sender in ("alice+shop@example.com", "sales@example.com"):
        row, secret = factories.make_client_password(alice.account, sender)
        with smtp_session(host, ALICE, secret) as session:
            assert recipient_code(session, sender, BOB) == 250
            ClientPassword.objects.filter(pk=row.pk).delete()
            assert recipient_code(session, sender, BOB) == 521


@pytest.mark.parametrize("name", ["postmaster", "abuse", "PostMaster"])
def test_mail_to_postmaster_and_abuse_arrives(
    name: str, host: MailHost, alice: Owner, bob: Owner
) -> None:
    with smtp_session(host, BOB, bob.secret) as session:
        send(session, BOB, f"{name}@example.com", f"To {name}")

    wait_for_message(f"To {name}", host, ALICE, alice.secret)


def test_an_alias_is_sent_under_by_those_who_are_named(
    host: MailHost, alice: Owner, bob: Owner, eve: Owner
) -> None:
    for owner, sender, code in [
        (alice, "sales@example.com", 250),
        (bob, "sales@example.com", 250),
        (eve, "sales@example.com", 553),
        (alice, "abuse@example.com", 250),
        (bob, "abuse@example.com", 553),
        (alice, "postmaster@example.com", 553),
        (alice, BOB, 553),
    ]:
        with smtp_session(host, owner.address, owner.secret) as session:
            assert recipient_code(session, sender, ALICE) == code, (
                owner.address,
                sender,
            )


def test_an_alias_of_several_reaches_all(
    host: MailHost, alice: Owner, bob: Owner, eve: Owner
) -> None:
    with smtp_session(host, eve.address, eve.secret) as session:
        send(session, eve.address, "sales@example.com", "To sales")

    for owner in (alice, bob):
        wait_for_message("To sales", host, owner.address, owner.secret)


def test_the_size_is_said_and_nobody_asks_for_addresses_or_queues(
    host: MailHost,
) -> None:
    client = Smtp(host.ports.submission)
    try:
        client.ehlo()
        assert client.esmtp_features["size"] == "40000000"
        assert not {"vrfy", "etrn"} & client.esmtp_features.keys()
        assert client.docmd("VRFY", ALICE)[0] == 502
        assert client.docmd("ETRN", "example.com")[0] in {502, 554}
    finally:
        client.close()


def test_every_mailbox_has_the_usual_folders_once(host: MailHost, alice: Owner) -> None:
    """The block of the manual adds the last one."""
    uses = {"Drafts", "Sent", "Junk", "Trash", "Archive"}
    with imap_session(host, ALICE, alice.secret) as session:
        _, rows = session.list()
        listed = {row.decode() for row in rows if isinstance(row, bytes)}
        _, subscribed = session.lsub()

    found = {
        use: [row for row in listed if f"\\{use}" in row and row.endswith(use)]
        for use in uses
    }
    assert {use for use, rows in found.items() if len(rows) == 1} == uses
    names = {row.split()[-1].decode() for row in subscribed if isinstance(row, bytes)}
    assert uses <= names


def test_what_is_the_operators_stays_when_it_is_rendered_again(
    host: MailHost,
) -> None:
    own = host.folder / "local"
    before = {path: path.read_text() for path in own.iterdir()}

    render(host._values(host.socket("lmtp").parents[1]))

    assert {path: path.read_text() for path in own.iterdir()} == before
    text = (host.folder / "postfix" / "main.cf").read_text()
    assert text.endswith(blocks(NAMES_OF_OTHERS, "main.cf"))
    assert text.count("\nmessage_size_limit") == 1
