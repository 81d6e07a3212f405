"""The database is away: mail programs are told to come back, never that they are wrong.

It really is away: PostgreSQL is stopped, or the SQLite file is gone from its place.
That file is a copy: whoever opens the tests' own meanwhile would make a new, empty one.
"""

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import InternalError, connection, transaction

from accounts.models import Account
from bench.authsocket import Verdict
from clientpasswords import models
from deploy.folders import share
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER, POSTGRES
from tests.mailserver.clients import log_on, smtp_session
from tests.mailserver.conftest import make_host
from tests.mailserver.outages import NOTICED, no_database
from tests.patience import PATIENCE
from tests.unit.clientpasswords.dovecotlines import line

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ROOT = Path(__file__).resolve().parents[2]
PROTOCOLS = ["imap", "pop3", "smtp"]
ADDRESS = "alice@example.com"
FILE = FOLDER / "outage-db" / "portal.sqlite3"
# Twice what a look-up may take, and some time for everything else.
GIVEN_UP = 10  # seconds
AT_ONCE = 1.0  # seconds
LASTING = 40.0  # seconds without a database


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    """One of our own: Postfix leaves a database that failed it alone for a minute."""
    if POSTGRES is None:
        FILE.parent.mkdir()
        copy_database(FILE)
        database_url = f"sqlite:///{FILE}"
    with make_host("outage", database_url) as host:
        yield host


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def secret(alice: Account) -> str:
    """Her password, which the host knows."""
    secret = factories.make_client_password(alice)[1]
    if POSTGRES is None:
        copy_database(FILE)
    return secret


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_logon_without_the_database_fails_for_now_and_works_again_at_once(
    protocol: str, host: MailHost, secret: str
) -> None:
    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK

    with no_database(FILE):
        assert log_on(protocol, host, ADDRESS, secret) is Verdict.TEMPORARY
        assert log_on(protocol, host, ADDRESS, "wrong") is Verdict.TEMPORARY

    start = time.monotonic()
    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK
    assert time.monotonic() - start < AT_ONCE


@pytest.mark.skipif(POSTGRES is None, reason="a file that is back is simply opened")
def test_after_an_outage_that_lasts_logons_work_at_once(
    host: MailHost, secret: str
) -> None:
    """Also where programs went on asking: nobody waits longer and longer."""
    with no_database(FILE):
        end = time.monotonic() + LASTING
        while time.monotonic() < end:
            for protocol in PROTOCOLS:
                assert log_on(protocol, host, ADDRESS, secret) is Verdict.TEMPORARY

    for protocol in PROTOCOLS:
        start = time.monotonic()
        assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK
        assert time.monotonic() - start < AT_ONCE


@pytest.mark.skipif(POSTGRES is None, reason="a reader of SQLite waits for nobody")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_logon_that_the_database_keeps_waiting_fails_for_now(
    protocol: str, host: MailHost, secret: str
) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("LOCK TABLE accounts_policy IN ACCESS EXCLUSIVE MODE")
        start = time.monotonic()
        assert log_on(protocol, host, ADDRESS, secret) is Verdict.TEMPORARY
        assert time.monotonic() - start < GIVEN_UP

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK


@pytest.mark.skipif(POSTGRES is None, reason="our look-ups open SQLite to read only")
def test_a_database_that_takes_no_writes_lets_people_in(
    host: MailHost, secret: str
) -> None:
    assert POSTGRES
    POSTGRES.run_sql("ALTER SYSTEM SET default_transaction_read_only = on")
    try:
        connection.close()
        no_database_for_a_moment()
        with pytest.raises(InternalError):
            Account.objects.update(name="somebody")
        with smtp_session(host, ADDRESS, secret) as session:
            session.mail(ADDRESS)
            assert session.rcpt(ADDRESS)[0] == 250
        assert log_on("imap", host, ADDRESS, secret) is Verdict.OK
        assert log_on("imap", host, ADDRESS, "wrong") is Verdict.REFUSED
    finally:
        POSTGRES.run_sql(
            "SET default_transaction_read_only = off;"
            "ALTER SYSTEM RESET default_transaction_read_only"
        )
        no_database_for_a_moment()


def no_database_for_a_moment() -> None:
    with no_database(FILE):
        pass


def test_a_restart_of_the_database_goes_unnoticed(host: MailHost, secret: str) -> None:
    with smtp_session(host, ADDRESS, secret) as session:
        session.mail(ADDRESS)
        assert session.rcpt(ADDRESS)[0] == 250

        with no_database(FILE):
            pass

        assert session.rcpt(ADDRESS)[0] == 250
        assert log_on("imap", host, ADDRESS, secret) is Verdict.OK


@pytest.mark.skipif(POSTGRES is None, reason="a file that is open stays readable")
def test_a_submission_without_the_database_is_to_be_tried_again(
    host: MailHost, secret: str
) -> None:
    with smtp_session(host, ADDRESS, secret) as session, no_database(FILE):
        session.mail(ADDRESS)
        assert session.rcpt(ADDRESS)[0] == 451


@pytest.mark.skipif(POSTGRES is not None, reason="SQLite has files")
def test_a_file_that_takes_the_others_place_is_read(
    alice: Account, secret: str
) -> None:
    """As when a backup is restored: Dovecot may not go on with the old file.

    Postfix's proxymap does, until it is reloaded: the host is one of our own.
    """
    folder = FOLDER / "restored"
    (folder / "db").mkdir(parents=True)
    file, backup = folder / "db" / "portal.sqlite3", folder / "backup.sqlite3"
    copy_database(file)
    copy_database(backup)
    with contextlib.closing(sqlite3.connect(backup)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, as backups are
        copy.execute("UPDATE accounts_account SET is_active = 0")
        copy.commit()
    with make_host("restored/mailhost", f"sqlite:///{file}") as host:
        assert log_on("imap", host, ADDRESS, secret) is Verdict.OK

        for old in file.parent.glob(f"{file.name}*"):
            old.unlink()
        backup.rename(file)
        share(file, "postfix")
        time.sleep(NOTICED)

        assert log_on("imap", host, ADDRESS, secret) is Verdict.REFUSED


def copy_database(file: Path) -> None:
    """Write what is in the tests' database to this file, in place of what it holds."""
    connection.close()
    name = connection.settings_dict["NAME"]
    with (
        contextlib.closing(sqlite3.connect(name)) as original,
        contextlib.closing(sqlite3.connect(file)) as copy,
    ):
        original.backup(copy)
        # As the portal's always is.
        copy.execute("PRAGMA journal_mode = WAL")


@pytest.mark.skipif(POSTGRES is None, reason="a file that is open stays writable")
def test_a_follower_told_to_stop_meanwhile_ends_quietly_and_loses_nothing(
    host: MailHost, alice: Account, secret: str, database_url: str
) -> None:
    log = str(host.dovecot_log)
    command = [sys.executable, "manage.py", "follow_logons", log, "--node", "mx1"]
    environment = os.environ | {
        "DATABASE_URL": database_url,
        "DJANGO_SETTINGS_MODULE": "mailportal.settings",
    }
    with (
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
        ) as follower,
        killed(follower),
    ):
        assert follower.stderr
        deadline = time.monotonic() + PATIENCE
        while not models.FollowedLog.objects.filter(offset__gt=0).exists():
            assert log_on("imap", host, ADDRESS, secret) is Verdict.OK
            assert time.monotonic() < deadline, "the log is not followed"
        with no_database(FILE):
            append_a_decision(host.dovecot_log)
            # The heartbeat may say it first.
            while "the database is away" not in (heard := follower.stderr.readline()):
                assert heard, "the follower has ended"
            follower.terminate()
            told = follower.stderr.read()
            assert follower.wait() == 0

    assert "Traceback" not in told
    subprocess.run([*command, "--once"], cwd=ROOT, env=environment, check=True)
    assert models.Logon.objects.filter(reason="wrong-password").exists()


@contextlib.contextmanager
def killed(process: subprocess.Popen[str]) -> Iterator[None]:
    """Let nothing wait for this process once the test has failed."""
    try:
        yield
    finally:
        process.kill()


def append_a_decision(log: Path) -> None:
    """Write what Dovecot does of a wrong password, just before the database went."""
    with log.open("a") as file:
        file.write(line(reason="wrong-password"))
