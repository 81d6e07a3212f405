"""Dovecot's own submission service, which the portal's configuration leaves to you."""

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.events import Actor
from accounts.models import Account, Policy
from accounts.sessions import cutoffs
from clientpasswords import lifecycle
from clientpasswords.logon import sentences
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import WEBMAIL, Imap, Smtp, client_address, imap_session
from tests.mailserver.versions import protocols_and
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
OWNER = Actor(ADDRESS, "198.51.100.7", "")
SUBMISSION = """
{protocols}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay}
service submission-login {{
  inet_listener submission {{
    port = {port}
  }}
}}
"""


class SubmissionHost(MailHost):
    """With Dovecot's service before Postfix, at the port that TLS would take."""

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        added = SUBMISSION.format(
            protocols=protocols_and("submission"),
            relay=self.ports.submission,
            port=self.ports.submissions,
        )
        with (self.folder / "dovecot" / "private.conf").open("a") as file:
            file.write(added)


@pytest.fixture(scope="module")
def submission_host(database_url: str, running_host: MailHost) -> Iterator[MailHost]:
    with SubmissionHost(
        FOLDER / "submission",
        database_url=database_url,
        doveadm_api_key=running_host.doveadm_api_key,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
    ) as host:
        yield host


@pytest.fixture
def alice(submission_host: MailHost, host: MailHost, settings: Settings) -> Account:
    port = submission_host.ports.doveadm
    settings.DOVEADM_URLS = [f"http://127.0.0.1:{port}/doveadm/v1"]
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def sessions(
    submission_host: MailHost, alice: Account
) -> Iterator[tuple[smtplib.SMTP, Imap]]:
    """One telephone's, logged on from one address."""
    secret = factories.make_client_password(alice)[1]
    home = client_address()
    smtp = Smtp(submission_host.ports.submissions, home)
    smtp.ehlo()
    smtp.user, smtp.password = ADDRESS, secret
    assert smtp.auth("PLAIN", smtp.auth_plain)[0] == 235
    with imap_session(submission_host, ADDRESS, secret, home) as imap:
        yield smtp, imap
    smtp.close()


def is_closed(session: smtplib.SMTP) -> bool:
    assert session.sock is not None
    session.sock.settimeout(PATIENCE)
    while told := session.sock.recv(4096):
        assert told.startswith(b"421 ")
    return True


def test_a_deleted_device_is_put_off(
    sessions: tuple[smtplib.SMTP, Imap], alice: Account
) -> None:
    lifecycle.revoke(alice.client_passwords.all(), by=OWNER)

    assert is_closed(sessions[0])


def test_without_smtp_its_session_ends_and_imap_goes_on(
    sessions: tuple[smtplib.SMTP, Imap], alice: Account
) -> None:
    smtp, imap = sessions
    Policy.objects.update(smtp=False)

    cutoffs.review_account(alice)

    assert is_closed(smtp)
    assert imap.noop()[0] == "OK"


def test_without_imap_it_goes_on(
    sessions: tuple[smtplib.SMTP, Imap], alice: Account
) -> None:
    smtp, imap = sessions
    Policy.objects.update(imap=False)

    cutoffs.review_account(alice)

    imap.sock.settimeout(PATIENCE)
    while imap.sock.recv(4096):
        pass
    assert smtp.noop()[0] == 250


def test_it_says_why_the_right_web_password_is_refused(
    submission_host: MailHost, alice: Account
) -> None:
    sentences.store()
    smtp = Smtp(submission_host.ports.submissions)
    smtp.ehlo()
    smtp.user, smtp.password = ADDRESS, factories.PASSWORD
    with pytest.raises(smtplib.SMTPAuthenticationError, match="Use a security passw"):
        smtp.auth("PLAIN", smtp.auth_plain)
    smtp.close()
