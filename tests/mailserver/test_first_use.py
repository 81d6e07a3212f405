"""How soon the page of a new password says that a mail program has connected."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.events import Actor
from accounts.models import Account
from bench.authsocket import Verdict
from clientpasswords import lifecycle, replacing
from clientpasswords.models import ClientPassword, FollowedLog
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import imap_session, log_on
from tests.mailserver.steps import is_closed
from tests.patience import PATIENCE
from tests.signedin import sign_in_with_password

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "alice@example.com"
# The page asks every second (static/js/live.js), and has to say it within two.
WITHIN = 1.0  # seconds


@pytest.fixture
def follower(host: MailHost, database_url: str) -> Iterator[None]:
    """The command that runs on a mail host, reading on from the end of the log."""
    log = host.dovecot_log
    command = [sys.executable, "manage.py", "follow_logons", str(log), "--node", "mx1"]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "mailportal.settings",
    }
    with subprocess.Popen(command, cwd=ROOT, env=environment) as process:
        try:
            deadline = time.monotonic() + PATIENCE
            while not FollowedLog.objects.exists():
                assert time.monotonic() < deadline, "the log is not followed"
                time.sleep(0.1)
            yield
        finally:
            process.terminate()


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def browser(alice: Account) -> Client:
    return sign_in_with_password(alice)


def seconds_until_said(browser: Client, row: ClientPassword) -> float:
    start = time.monotonic()
    page = reverse("clientpasswords:status", args=[row.pk])
    while browser.get(page).json()["state"] != "connected":
        assert time.monotonic() - start < PATIENCE
        time.sleep(0.02)
    return time.monotonic() - start


def test_a_first_use_is_seen_within_two_seconds(
    host: MailHost,
    alice: Account,
    browser: Client,
    follower: None,
    record_property: Callable[[str, object], None],
) -> None:
    seconds = []
    for protocol in ("imap", "pop3", "smtp") * 2:
        row, secret = factories.make_client_password(alice)
        assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK
        seconds.append(seconds_until_said(browser, row))

    record_property(
        "first use known to the portal",
        f"after {median(seconds):.2f} s, longest {max(seconds):.2f} s",
    )
    assert median(seconds) <= WITHIN


def test_a_device_that_uses_its_new_password_loses_the_old_one(
    host: MailHost, alice: Account, browser: Client, follower: None
) -> None:
    old, old_secret = factories.make_client_password(alice)
    issued = lifecycle.create(
        alice, attempt=uuid4(), label="", by=Actor(ADDRESS), other=old
    )
    with imap_session(host, ADDRESS, old_secret) as session:
        assert replacing.delete_replaced() == 0

        assert log_on("imap", host, ADDRESS, issued.secret) is Verdict.OK
        seconds_until_said(browser, issued.client_password)
        assert replacing.delete_replaced() == 1

        assert is_closed(session.sock)
    assert log_on("imap", host, ADDRESS, old_secret) is Verdict.REFUSED
    assert log_on("imap", host, ADDRESS, issued.secret) is Verdict.OK
