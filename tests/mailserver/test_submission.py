"""From a mail program through Postfix into the mailbox, and what is not accepted."""

import poplib
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from accounts.models import Account
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    Smtp,
    pop3_session,
    smtp_session,
    webmail_address,
)
from tests.mailserver.conftest import Log
from tests.mailserver.steps import wait_for_message

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ALICE = "alice@example.com"
BOB = "bob@enforced.example"


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ALICE, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


@pytest.fixture
def bob(host: MailHost) -> str:
    account = factories.make_account(BOB, client_passwords_on=True)
    return factories.make_client_password(account)[1]


@pytest.fixture
def session(host: MailHost, phone: str) -> Iterator[Smtp]:
    with smtp_session(host, ALICE, phone) as session:
        yield session


def message(subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"], mail["To"] = ALICE, BOB
    mail.set_content("Sent by a telephone.")
    return mail


def test_what_is_submitted_by_client_password_is_fetched_by_imap_and_pop3(
    host: MailHost, session: Smtp, bob: str
) -> None:
    refused = session.send_message(message("From the phone"))

    assert refused == {}
    wait_for_message("From the phone", host, BOB, bob)
    with pop3_session(host, BOB, bob) as mailbox:
        text = b"\n".join(mailbox.retr(len(mailbox.list()[1]))[1])
    assert b"Sent by a telephone." in text
    # Whoever gets the mail learns nothing about the sender's devices.
    assert f"{ALICE}~".encode() not in text


def test_the_webmail_submits_with_the_web_password(
    host: MailHost, alice: Account, bob: str
) -> None:
    with smtp_session(host, ALICE, factories.PASSWORD, webmail_address()) as session:
        session.send_message(message("From the webmail"))

    wait_for_message("From the webmail", host, BOB, bob)


@pytest.mark.parametrize(
    "sender", [BOB, "nobody@example.com", "alice~1@example.com", "me@x.org"]
)
def test_nobody_sends_under_another_address(
    sender: str, session: Smtp, bob: str
) -> None:
    session.mail(sender)

    assert session.rcpt(BOB)[0] == 553


def test_an_address_may_be_written_in_capitals(session: Smtp, bob: str) -> None:
    session.mail(ALICE.title())

    assert session.rcpt(BOB.upper())[0] == 250


def test_nobody_submits_without_logging_on(host: MailHost, bob: str) -> None:
    client = Smtp(host.ports.submission)
    try:
        client.ehlo()
        client.mail(ALICE)
        assert client.rcpt(BOB)[0] == 554
    finally:
        client.close()


def test_mail_for_somewhere_else_is_refused_for_good_and_says_why(
    session: Smtp,
) -> None:
    session.mail(ALICE)

    code, text = session.rcpt("friend@elsewhere.example")

    assert code == 550
    assert b"No mail leaves this machine" in text


def test_a_mailbox_that_does_not_exist_is_said_at_once(session: Smtp) -> None:
    session.mail(ALICE)

    assert session.rcpt("nobody@example.com")[0] == 550


def test_a_disabled_account_still_gets_its_mail(
    host: MailHost, session: Smtp, bob: str
) -> None:
    Account.objects.filter(address=BOB).update(is_active=False)

    session.send_message(message("While you were out"))

    Account.objects.filter(address=BOB).update(is_active=True)
    wait_for_message("While you were out", host, BOB, bob)


def test_a_refused_logon_says_nothing_about_why(host: MailHost, alice: Account) -> None:
    with (
        pytest.raises(smtplib.SMTPAuthenticationError) as refused,
        smtp_session(host, ALICE, factories.PASSWORD),
    ):
        pass
    assert b"password" not in refused.value.smtp_error

    with (
        pytest.raises(poplib.error_proto, match="Authentication failed"),
        pop3_session(host, ALICE, factories.PASSWORD),
    ):
        pass


def test_devices_are_told_apart_in_postfixs_log(
    host: MailHost, session: Smtp, bob: str
) -> None:
    client_password = ClientPassword.objects.get(account__address=ALICE)
    log = Log(host.postfix_log)

    session.send_message(message("Which device?"))

    wait_for_message("Which device?", host, BOB, bob)
    name = f"sasl_username={ALICE}~{client_password.pk}"
    log.wait_for(name)
