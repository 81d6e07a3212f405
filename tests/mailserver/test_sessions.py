"""What has lost its right to be there is refused, and its sessions end at once."""

import smtplib
from collections.abc import Iterator

import pytest

from accounts.events import Actor
from accounts.models import Account
from bench.authsocket import Verdict
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    imap_session,
    log_on,
    pop3_session,
    smtp_session,
    webmail_address,
)
from tests.mailserver.steps import AT_ONCE, revoke, seconds_until_closed

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
OWNER = Actor(ADDRESS, "198.51.100.7", "")


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> tuple[ClientPassword, str]:
    return factories.make_client_password(alice, "Phone")


@pytest.fixture
def laptop(alice: Account) -> str:
    return factories.make_client_password(alice, "Laptop")[1]


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_the_next_logon_with_a_deleted_password_is_refused(
    protocol: str, host: MailHost, phone: tuple[ClientPassword, str], laptop: str
) -> None:
    client_password, secret = phone
    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK

    revoke(client_password)

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.REFUSED
    assert log_on(protocol, host, ADDRESS, laptop) is Verdict.OK


def test_a_waiting_imap_session_is_closed_and_those_of_other_devices_go_on(
    host: MailHost, phone: tuple[ClientPassword, str], laptop: str
) -> None:
    client_password, secret = phone
    with (
        imap_session(host, ADDRESS, secret) as deleted,
        imap_session(host, ADDRESS, laptop) as kept,
    ):
        deleted.select()
        deleted.send(b"x IDLE\r\n")
        assert deleted.readline() == b"+ idling\r\n"

        revoke(client_password)

        assert seconds_until_closed(deleted.sock) < AT_ONCE
        assert kept.noop()[0] == "OK"


def test_a_pop3_session_is_closed(
    host: MailHost, phone: tuple[ClientPassword, str]
) -> None:
    client_password, secret = phone
    with pop3_session(host, ADDRESS, secret) as session:
        revoke(client_password)

        assert seconds_until_closed(session.sock) < AT_ONCE


def test_turning_the_switch_on_ends_the_web_passwords_sessions_but_the_webmails(
    host: MailHost,
) -> None:
    account = factories.make_account("carol@example.com")
    name, password = account.address, factories.PASSWORD
    with (
        imap_session(host, name, password) as client,
        imap_session(host, name, password, webmail_address()) as webmail,
    ):
        lifecycle.switch_on(account, by=OWNER)

        assert seconds_until_closed(client.sock) < AT_ONCE
        assert webmail.noop()[0] == "OK"


def test_turning_the_switch_off_ends_the_client_passwords_sessions(
    host: MailHost, alice: Account, laptop: str
) -> None:
    with imap_session(host, ADDRESS, laptop) as session:
        factories.switch_off(alice, by=OWNER)

        assert seconds_until_closed(session.sock) < AT_ONCE


@pytest.fixture
def submission(
    host: MailHost, phone: tuple[ClientPassword, str]
) -> Iterator[smtplib.SMTP]:
    with smtp_session(host, ADDRESS, phone[1]) as session:
        yield session


def test_an_open_submission_session_is_told_so_at_the_next_recipient_and_closed(
    submission: smtplib.SMTP, phone: tuple[ClientPassword, str]
) -> None:
    submission.mail(ADDRESS)
    assert submission.rcpt(ADDRESS)[0] == 250

    revoke(phone[0])

    code, text = submission.rcpt(ADDRESS)
    assert code == 521
    assert b"its password or permission was removed" in text
    with pytest.raises(smtplib.SMTPServerDisconnected):
        submission.noop()


def test_a_message_that_is_on_its_way_at_the_deletion_is_not_accepted(
    submission: smtplib.SMTP, phone: tuple[ClientPassword, str]
) -> None:
    submission.mail(ADDRESS)
    submission.rcpt(ADDRESS)
    submission.putcmd("DATA")
    assert submission.getreply()[0] == 354
    submission.send(b"Subject: last words\r\n\r\n")

    revoke(phone[0])
    submission.send(b"Too late.\r\n.\r\n")

    assert submission.getreply()[0] == 521


@pytest.mark.parametrize("change", ["smtp", "third_party_logon"])
def test_an_open_submission_session_ends_when_its_policy_changes(
    change: str, submission: smtplib.SMTP, alice: Account
) -> None:
    policy = alice.domain.policy
    setattr(policy, change, False)
    policy.save()

    submission.mail(ADDRESS)
    assert submission.rcpt(ADDRESS)[0] == 521


def test_an_open_submission_session_of_a_disabled_account_ends(
    submission: smtplib.SMTP, alice: Account
) -> None:
    Account.objects.filter(pk=alice.pk).update(is_active=False)

    submission.mail(ADDRESS)
    assert submission.rcpt(ADDRESS)[0] == 521


def test_a_web_password_that_is_for_webmail_only_from_now_on_submits_from_there_only(
    host: MailHost,
) -> None:
    account = factories.make_account("carol@example.com")
    name, password = account.address, factories.PASSWORD
    with (
        smtp_session(host, name, password) as client,
        smtp_session(host, name, password, webmail_address()) as webmail,
    ):
        Account.objects.filter(pk=account.pk).update(client_passwords_on=True)

        for session, code in ((client, 521), (webmail, 250)):
            session.mail(name)
            assert session.rcpt(name)[0] == code

        Account.objects.filter(pk=account.pk).update(is_active=False)

        assert webmail.rcpt(name)[0] == 521
