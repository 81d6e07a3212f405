"""A security password that nobody uses, at a real mail server whose log is followed."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts import codes
from accounts.codes import Purpose
from accounts.events import Actor
from accounts.models import Account, Policy
from accounts.sessions import cutoffs, expiry
from bench.authsocket import Verdict
from clientpasswords.lifetimes import inactivity, reactivation
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from clientpasswords.usage.follower import Follower
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import imap_session, log_on, smtp_session
from tests.mailserver.conftest import Log
from tests.mailserver.steps import is_closed
from tests.unit.support import last_code

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
OWNER = Actor(ADDRESS, "198.51.100.7", "")
DAY = timedelta(days=1)


@pytest.fixture
def secret(host: MailHost) -> str:
    """Made 30 days ago, and never used; the log is followed since before."""
    factories.make_policy(suspend_unused_days=30)
    alice = factories.make_account(
        ADDRESS, phone="+12025550123", client_passwords_on=True
    )
    made = timezone.now() - 30 * DAY
    return factories.make_client_password(alice, created_at=made)[1]


@pytest.fixture
def log(host: MailHost, secret: str) -> Path:
    FollowedLog.objects.create(
        node="mx1", path=str(host.dovecot_log), began_at=timezone.now() - 90 * DAY
    )
    return host.dovecot_log


def read(log: Path) -> None:
    reader = Follower(log, "mx1")
    while reader.poll():
        pass
    reader.flush()
    reader.close()


def time_is_over() -> None:
    """As if the owner had been told a week ago."""
    ClientPassword.objects.update(suspends_at=timezone.now() - timedelta(seconds=10))
    Policy.objects.update(uses_known_to=timezone.now())


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_it_is_refused_and_a_code_brings_it_back(
    protocol: str, host: MailHost, secret: str, log: Path, dovecot_log: Log
) -> None:
    time_is_over()
    assert log_on(protocol, host, ADDRESS, secret) is Verdict.REFUSED
    assert '"reason":"suspended-unused"' in dovecot_log.settled()
    alice = Account.objects.get()
    codes.send_code(alice, Purpose.REACTIVATE, by=OWNER)

    row = ClientPassword.objects.get()
    reactivation.reactivate(row.account, row, code=last_code(), by=OWNER)

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK


def test_its_sessions_end_within_the_minute(
    host: MailHost, secret: str, log: Path
) -> None:
    with (
        imap_session(host, ADDRESS, secret) as imap,
        smtp_session(host, ADDRESS, secret) as smtp,
    ):
        assert expiry.end_expired_sessions() == 0
        time_is_over()

        assert expiry.end_expired_sessions() == 1
        cutoffs.deliver_due()

        assert is_closed(imap.sock)
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 521


def test_a_logon_that_nobody_has_read_of_counts(
    host: MailHost, secret: str, log: Path, settings: Settings
) -> None:
    read(log)
    assert inactivity.review() == 1
    at = timezone.now() + timedelta(seconds=1)
    ClientPassword.objects.update(suspends_at=at)
    assert log_on("imap", host, ADDRESS, secret) is Verdict.OK
    while timezone.now() < at:
        pass
    # Its time is over, and the log was not read since: it is let in.
    inactivity.review()
    assert log_on("imap", host, ADDRESS, secret) is Verdict.OK

    read(log)

    assert Usage.objects.get().client_password.suspends_at is None
    Policy.objects.update(uses_known_to=timezone.now() + DAY)
    assert log_on("imap", host, ADDRESS, secret) is Verdict.OK


def test_a_session_that_goes_on_is_a_use(
    host: MailHost, secret: str, log: Path
) -> None:
    """Its logon may be older than the log."""
    FollowedLog.objects.update(read_to=timezone.now())
    with imap_session(host, ADDRESS, secret):
        assert inactivity.review() == 0
    assert ClientPassword.objects.get().suspends_at is None
