"""A client password that is not for everything: real mail programs obey it."""

import imaplib
import smtplib
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from accounts.events import Actor
from accounts.models import Account
from accounts.sessions import cutoffs
from bench.authsocket import Verdict
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from deploy import servers
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    client_address,
    imap_session,
    log_on,
    pop3_session,
    smtp_session,
)
from tests.mailserver.steps import is_closed

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"
OWNER = Actor(ADDRESS, "198.51.100.7", "")
EVERYTHING = ("imap", "pop3", "smtp")
HOME = "127.1.0.0/16"  # where `client_address` is
ELSEWHERE = "127.4.0.9"


@pytest.fixture
def secret(host: MailHost) -> str:
    alice = factories.make_account(ADDRESS, client_passwords_on=True)
    return factories.make_client_password(alice)[1]


@pytest.fixture
def phone(secret: str) -> ClientPassword:
    return ClientPassword.objects.get()


def limit(
    phone: ClientPassword,
    *protocols: str,
    networks: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> None:
    scope = Scope(frozenset(protocols or EVERYTHING), networks, expires_at)
    lifecycle.limit_scope(phone, scope, by=OWNER)


def test_one_that_may_only_send_sends(
    host: MailHost, phone: ClientPassword, secret: str
) -> None:
    limit(phone, "smtp")

    verdicts = {each: log_on(each, host, ADDRESS, secret) for each in EVERYTHING}

    assert verdicts == {
        "imap": Verdict.REFUSED,
        "pop3": Verdict.REFUSED,
        "smtp": Verdict.OK,
    }


@pytest.mark.parametrize("protocol", EVERYTHING)
def test_it_is_refused_outside_its_networks(
    protocol: str, host: MailHost, phone: ClientPassword, secret: str
) -> None:
    limit(phone, networks=(HOME, "2001:db8::/32"))

    assert log_on(protocol, host, ADDRESS, secret, client_address()) is Verdict.OK
    assert log_on(protocol, host, ADDRESS, secret, ELSEWHERE) is Verdict.REFUSED


@pytest.mark.parametrize("protocol", EVERYTHING)
def test_it_is_refused_once_it_has_expired(
    protocol: str, host: MailHost, phone: ClientPassword, secret: str
) -> None:
    limit(phone, expires_at=timezone.now() + timedelta(minutes=1))
    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK

    ClientPassword.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.REFUSED


def test_sessions_end_when_it_expires(
    host: MailHost, phone: ClientPassword, secret: str
) -> None:
    with (
        imap_session(host, ADDRESS, secret) as imap,
        smtp_session(host, ADDRESS, secret) as smtp,
    ):
        at = timezone.now() + timedelta(seconds=2)
        limit(phone, expires_at=at)
        cutoffs.deliver_due()
        assert imap.noop()[0] == "OK"
        # SQLite's clock has no fractions of seconds.
        while timezone.now() < at + timedelta(seconds=1):
            time.sleep(0.1)

        cutoffs.deliver_due()

        assert is_closed(imap.sock)
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 521


def test_sessions_of_a_protocol_that_it_is_not_for_any_more_end(
    host: MailHost, phone: ClientPassword, secret: str
) -> None:
    with (
        imap_session(host, ADDRESS, secret) as imap,
        pop3_session(host, ADDRESS, secret) as pop3,
        smtp_session(host, ADDRESS, secret) as smtp,
    ):
        limit(phone, "imap")

        assert is_closed(pop3.sock)
        assert imap.noop()[0] == "OK"
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 521


@pytest.fixture
def moved(host: MailHost, phone: ClientPassword, secret: str) -> Iterator[smtplib.SMTP]:
    """A submission session from elsewhere, and then other networks."""
    with (
        imap_session(host, ADDRESS, secret, ELSEWHERE) as imap,
        smtp_session(host, ADDRESS, secret, ELSEWHERE) as smtp,
    ):
        limit(phone, networks=(HOME,))
        assert is_closed(imap.sock)
        yield smtp


def test_sessions_from_elsewhere_end_when_its_networks_change(
    moved: smtplib.SMTP, host: MailHost, secret: str
) -> None:
    moved.mail(ADDRESS)
    assert moved.rcpt(ADDRESS)[0] == 521

    with (
        imap_session(host, ADDRESS, secret) as imap,
        smtp_session(host, ADDRESS, secret) as smtp,
    ):
        assert imap.select()[0] == "OK"
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 250


def test_the_later_names_of_its_sessions_are_names_of_the_mailbox(
    host: MailHost, phone: ClientPassword
) -> None:
    limit(phone, networks=(HOME,))
    phone.refresh_from_db()
    assert phone.login_name.endswith(".1")

    words = ("-c", str(host.dovecot_conf), "user", "-f", "home", phone.login_name)
    doveadm = servers.command("doveadm", *words)
    found = subprocess.run(doveadm, check=True, capture_output=True, text=True)

    assert found.stdout.strip().endswith(f"/mail/{ADDRESS}")


def test_an_account_cannot_be_guessed_by_what_it_is_limited_to(
    host: MailHost, phone: ClientPassword, secret: str
) -> None:
    """Refused for its scope and refused as wrong are one answer."""
    limit(phone, "smtp")
    alice = Account.objects.get()
    wrong = factories.make_client_password(alice, "Other")[1][::-1]
    answers = []
    for password in (secret, wrong):
        with (
            pytest.raises(imaplib.IMAP4.error) as refused,
            imap_session(host, ADDRESS, password),
        ):
            pass
        answers.append(str(refused.value))

    assert answers[0] == answers[1]
