"""Sessions within TLS end as others do, and nobody sends under another's address."""

import smtplib
import ssl
from collections.abc import Iterator

import pytest

from accounts.events import Actor
from accounts.models import Account
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import WEBMAIL
from tests.mailserver.steps import AT_ONCE, revoke, seconds_until_closed
from tests.mailserver.tlsclients import imaps, pop3s, submission, submissions

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
BOB = "bob@enforced.example"
OWNER = Actor(ALICE, "198.51.100.7", "")


@pytest.fixture(scope="module")
def running_host(database_url: str, certificate: Certificate) -> Iterator[MailHost]:
    """A host with TLS; the fixture `host` is this one here."""
    with MailHost(
        FOLDER / "tls-sessions",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        certificate=certificate,
        failure_delay=0,
    ) as host:
        yield host


@pytest.fixture
def alice(host: MailHost) -> Account:
    factories.make_account(BOB)
    return factories.make_account(ALICE, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> tuple[ClientPassword, str]:
    return factories.make_client_password(alice, "Phone")


@pytest.fixture
def laptop(alice: Account) -> str:
    return factories.make_client_password(alice, "Laptop")[1]


@pytest.fixture(params=[submission, submissions])
def sending(
    request: pytest.FixtureRequest,
    host: MailHost,
    trust: ssl.SSLContext,
    phone: tuple[ClientPassword, str],
) -> Iterator[smtplib.SMTP]:
    """A session of the phone's on port 587, or on 465."""
    with request.param(host, trust, ALICE, phone[1]) as session:
        yield session


def test_a_waiting_imap_session_is_closed_and_that_of_another_device_is_not(
    host: MailHost,
    trust: ssl.SSLContext,
    phone: tuple[ClientPassword, str],
    laptop: str,
) -> None:
    with (
        imaps(host, trust, ALICE, phone[1]) as deleted,
        imaps(host, trust, ALICE, laptop) as kept,
    ):
        deleted.select()
        deleted.send(b"x IDLE\r\n")
        assert deleted.readline() == b"+ idling\r\n"

        revoke(phone[0])

        assert seconds_until_closed(deleted.sock) < AT_ONCE
        assert kept.noop()[0] == "OK"


def test_a_pop3_session_is_closed(
    host: MailHost, trust: ssl.SSLContext, phone: tuple[ClientPassword, str]
) -> None:
    with pop3s(host, trust, ALICE, phone[1]) as session:
        revoke(phone[0])

        assert seconds_until_closed(session.sock) < AT_ONCE


@pytest.mark.parametrize("sender", [ALICE, ""])
def test_a_submission_session_is_closed_at_the_next_recipient(
    sender: str, sending: smtplib.SMTP, phone: tuple[ClientPassword, str]
) -> None:
    sending.mail(sender)
    assert sending.rcpt(BOB)[0] == 250

    revoke(phone[0])

    assert sending.rcpt(BOB)[0] == 521
    with pytest.raises(smtplib.SMTPServerDisconnected):
        sending.noop()


def test_a_message_that_is_on_its_way_is_not_accepted(
    sending: smtplib.SMTP, phone: tuple[ClientPassword, str]
) -> None:
    sending.mail(ALICE)
    sending.rcpt(BOB)
    assert sending.docmd("DATA")[0] == 354
    sending.send(b"Subject: last words\r\n\r\n")

    revoke(phone[0])
    sending.send(b"Too late.\r\n.\r\n")

    assert sending.getreply()[0] == 521


@pytest.mark.parametrize("sender", [BOB, "nobody@example.com", "me@x.org"])
def test_nobody_sends_under_another_address(sender: str, sending: smtplib.SMTP) -> None:
    sending.mail(sender)

    assert sending.rcpt(BOB)[0] == 553


@pytest.mark.parametrize("sender", [ALICE, ALICE.title(), ""])
def test_one_sends_under_ones_own_and_read_receipts_under_none(
    sender: str, sending: smtplib.SMTP
) -> None:
    sending.mail(sender)

    assert sending.rcpt(BOB)[0] == 250
