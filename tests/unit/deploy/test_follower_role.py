"""A mail node apart from the portal: what its follower needs, and no more."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from accounts import budgets
from accounts.budgets import (
    GUESSES_PER_ACCOUNT_HOUR,
    SIGN_IN_FAILURES_PER_NAME,
    RateLimit,
)
from accounts.events import PORTAL, Kind, record
from accounts.models import (
    Cutoff,
    Notification,
    SecurityEvent,
)
from clientpasswords.models import (
    ClientPassword,
    DailyLogons,
    FollowedLog,
    KnownNetwork,
    Logon,
    LogonDay,
    Usage,
)
from deploy.postgres import PrivatePostgres
from tests.environment import POSTGRES
from tests.factories import make_account, make_client_password, make_usage
from tests.unit.clientpasswords.dovecotlines import guesses, line
from tests.unit.mailportal.environments import manage

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.skipif(POSTGRES is None, reason="SQLite has no roles"),
    pytest.mark.django_db(transaction=True),
]

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = (ROOT / "deploy" / "postgres" / "follower.sql").read_text()
ROLE = "mailportal_follower"
SECRET = "a key of this node alone, which follow_logons has no use for"
# What it may do with tables as wholes, and which columns it may read or write.
READ_AND_WRITTEN = {
    "clientpasswords_usage",
    "clientpasswords_knownnetwork",
    "clientpasswords_logon",
    "clientpasswords_dailylogons",
    "clientpasswords_logonday",
    "clientpasswords_followedlog",
    "accounts_heartbeat",
    "accounts_budget",
}
ADDED_TO = {"accounts_securityevent", "accounts_notification", "accounts_cutoff"}
COLUMNS_READ = {
    "accounts_account": {"id", "address", "domain_id"},
    "clientpasswords_clientpassword": {
        *("id", "account_id", "label", "suspends_at", "is_silenced", "replaces_id")
    },
    "accounts_securityevent": {
        *(
            "id",
            "at",
            "kind",
            "account_id",
            "domain",
            "network_address",
            "detail",
            "reason",
        )
    },
    "accounts_notification": {"id"},
    "accounts_cutoff": {"id", "login_mask", "node", "due_at"},
    "mail_logon": {"credential", "protocol", "refusal"},
    "mail_web_logon": {"address", "protocol", "refusal"},
}
RECORDED = {Kind.FIRST_USED, Kind.NEW_NETWORK, Kind.REVOKED_TRIED, Kind.GUESSED}
OTHER_LIMITS = [
    each
    for each in vars(budgets).values()
    if isinstance(each, RateLimit) and each is not GUESSES_PER_ACCOUNT_HOUR
]
COLUMNS_WRITTEN = {
    "accounts_account": {"last_login"},
    "clientpasswords_clientpassword": {"suspends_at"},
}


@pytest.fixture
def url() -> str:
    """The tests' database, as the follower sees it once the script was run."""
    assert isinstance(POSTGRES, PrivatePostgres)
    name = str(connection.settings_dict["NAME"])
    for _ in range(2):  # it may be run again
        POSTGRES.run_sql(SCRIPT.replace(r"\connect mailportal", rf"\connect {name}"))
    return POSTGRES.url(ROLE, name)


def granted(privilege: str, *, whole: bool) -> Iterator[tuple[str, str]]:
    """Yield each table, and each of its columns, for which the role has a privilege."""
    asked = "has_table_privilege(%s, c.oid, %s)"
    by_column = f"NOT {asked} AND has_column_privilege(%s, c.oid, a.attname, %s)"
    query = f"""
        SELECT c.relname, a.attname
          FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v')
           AND a.attnum > 0 AND NOT a.attisdropped
           AND {asked if whole else by_column}
    """  # noqa: S608 - of constants
    values = [ROLE, privilege] * (1 if whole else 2)
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        yield from cursor.fetchall()


def tables(privilege: str) -> set[str]:
    return {table for table, _column in granted(privilege, whole=True)}


def columns(privilege: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in granted(privilege, whole=False):
        found.setdefault(table, set()).add(column)
    return found


def test_it_may_do_exactly_what_is_listed(url: str) -> None:
    assert tables("SELECT") == READ_AND_WRITTEN
    assert tables("UPDATE") == READ_AND_WRITTEN
    assert tables("INSERT") == READ_AND_WRITTEN | ADDED_TO
    assert columns("SELECT") == COLUMNS_READ
    assert columns("UPDATE") == COLUMNS_WRITTEN
    for privilege in ("DELETE", "TRUNCATE", "TRIGGER"):
        assert tables(privilege) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT password FROM accounts_account",
        "SELECT hash FROM clientpasswords_clientpassword",
        "SELECT hash FROM mail_logon",
        "SELECT number FROM accounts_phone",
        "SELECT session_data FROM django_session",
        "UPDATE accounts_account SET is_superuser = true",
        "UPDATE accounts_policy SET imap = true",
        "UPDATE clientpasswords_clientpassword SET revoked_at = NULL",
        "DELETE FROM clientpasswords_logon",
        "CREATE TABLE mine (id int)",
    ],
)
def test_whoever_has_a_node_has_no_secret_and_no_mailbox(
    url: str, statement: str
) -> None:
    with (
        psycopg.connect(url) as line_,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        line_.execute(statement)


EVENT = """
    INSERT INTO accounts_securityevent
           (at, kind, address, domain, actor, detail, reason, account_id)
    SELECT now(), %s, address, '', '', '{}', '', id FROM accounts_account
"""
NOTICE = """
    INSERT INTO accounts_notification (account_id, event_id, number, due_at, failures)
    SELECT account_id, id, %s, now(), 0 FROM accounts_securityevent
"""
COUNT = 'INSERT INTO accounts_budget (key, "window", used) VALUES (%s, now(), 1)'
# What stands in the way of guesses at the portal, and what the portal alone tells.
NOT_OF_A_LOG = [
    *((COUNT, each.get_key("x")) for each in OTHER_LIMITS),
    *((EVENT, kind) for kind in Kind if kind not in RECORDED),
    (NOTICE, "+12025550188"),
]


def test_whoever_has_a_node_writes_nothing_that_no_log_tells(url: str) -> None:
    alice = make_account()
    record(Kind.GUESSED, alice, by=PORTAL)
    guessed = GUESSES_PER_ACCOUNT_HOUR.get_key("x")
    with psycopg.connect(url, autocommit=True) as line_:
        for statement, value in NOT_OF_A_LOG:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="follower"):
                line_.execute(statement, [value])
        for kind in RECORDED:
            line_.execute(EVENT, [kind])
        line_.execute(NOTICE, [""])
        line_.execute(COUNT, [guessed])


def test_whoever_has_a_node_gives_no_try_back(url: str) -> None:
    """What was counted at the portal stays so, under whatever key."""
    budgets.spend([SIGN_IN_FAILURES_PER_NAME.get_limit("alice")])
    other = GUESSES_PER_ACCOUNT_HOUR.get_key("x")
    with psycopg.connect(url, autocommit=True) as line_:
        for change in ("used = 0", f"key = '{other}'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="follower"):
                line_.execute(f"UPDATE accounts_budget SET {change}")  # noqa: S608


def follow(url: str, log: Path) -> None:
    """Read the log as a node does: it knows the database, and nothing else."""
    environment = {"DATABASE_URL": url, "SECRET_KEY": SECRET, "VAR": str(log.parent)}
    arguments = ("follow_logons", str(log), "--node", "mx2", "--once")
    done = manage(*arguments, environment=environment)
    assert done.stderr == ""
    assert done.returncode == 0


def moment(*, minutes_ago: int = 0) -> dict[str, Any]:
    at = timezone.now() - timedelta(minutes=minutes_ago)
    return {"hour": at.hour, "minute": at.minute, "second": at.second, "day": at.day}


def write(log: Path, *lines: str) -> None:
    """Write lines of this month: `dovecotlines` has one of its own."""
    month = f"{timezone.now():%Y-%m}"
    with log.open("a") as file:
        file.writelines(each.replace("2026-11", month) for each in lines)


def test_it_writes_all_that_a_log_can_tell(url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    alice = make_account(client_passwords_on=True)
    row, _secret = make_client_password(alice)
    deleted, _secret = make_client_password(alice, "Old", revoked_at=timezone.now())
    make_usage(deleted)
    soon = timezone.now() + timedelta(days=1)
    ClientPassword.objects.filter(pk=row.pk).update(suspends_at=soon)
    now = moment()
    write(
        log,
        line(credential=row.pk, **now),
        line(webmail=False, **now),
        line(credential=deleted.pk, reason="revoked", **now),
        guesses(50, **now),
        line(credential=deleted.pk, **now),
    )
    follow(url, log)
    for ip in ("198.51.100.7", "203.0.113.9"):
        write(log, line(credential=row.pk, ip=ip, **now))
        follow(url, log)

    kinds = set(SecurityEvent.objects.values_list("kind", flat=True))
    assert kinds >= RECORDED
    assert Notification.objects.exists()
    assert {*Logon.objects.values_list("node", flat=True)} == {"mx2"}
    assert sum(DailyLogons.objects.values_list("count", flat=True)) == 56
    assert Usage.objects.filter(client_password=row, node="mx2").exists()
    assert KnownNetwork.objects.filter(client_password=row).count() == 3
    assert LogonDay.objects.count() == 3
    assert FollowedLog.objects.get().offset == log.stat().st_size
    row.refresh_from_db()
    assert row.suspends_at is None
    # What was let in, and should not have been: alice has turned her web password off.
    masks = set(Cutoff.objects.values_list("login_mask", "node"))
    assert masks == {(alice.address, ""), (f"{alice.address}~{deleted.pk}*", "")}


def test_the_script_names_no_table_that_is_gone(url: str) -> None:
    named = set(re.findall(r"\b(?:accounts|clientpasswords)_[a-z]+\b", SCRIPT))

    assert named <= set(connection.introspection.table_names())
