"""What the mail server's role may do in PostgreSQL: read three views."""

import contextlib
import subprocess

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from deploy.postgres import MAIL_ROLE, OWNER, ROLES, PrivatePostgres
from tests.environment import POSTGRES

pytestmark = [
    pytest.mark.mailserver,
    pytest.mark.both_databases,
    pytest.mark.skipif(POSTGRES is None, reason="SQLite has no roles"),
    pytest.mark.django_db(transaction=True),
]

VIEWS = {"mail_logon", "mail_web_logon", "mail_notice"}


@pytest.fixture
def postgres() -> PrivatePostgres:
    assert POSTGRES
    return POSTGRES


@pytest.fixture
def url(postgres: PrivatePostgres) -> str:
    """The tests' database, as the mail server sees it."""
    return postgres.url(MAIL_ROLE, str(connection.settings_dict["NAME"]))


def relations() -> set[str]:
    with connection.cursor() as cursor:
        tables = connection.introspection.get_table_list(cursor)
    return {table.name for table in tables}


def test_it_reads_the_views_and_no_table(url: str) -> None:
    readable = set()
    for name in relations():
        query = sql.SQL("SELECT * FROM {} LIMIT 1").format(sql.Identifier(name))
        with (
            psycopg.connect(url) as line,
            contextlib.suppress(psycopg.errors.InsufficientPrivilege),
        ):
            line.execute(query)
            readable.add(name)

    assert readable == VIEWS
    assert len(relations()) > 20


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE mail_logon SET refusal = NULL",
        "DELETE FROM mail_web_logon",
        "INSERT INTO accounts_mailsetting (name, value) VALUES ('x', 'y')",
        "CREATE TABLE mine (a int)",
        "CREATE ROLE another",
        "SET ROLE mailportal",
        "SELECT pg_read_file('/etc/passwd')",
        "COPY (SELECT 1) TO PROGRAM 'true'",
    ],
)
def test_it_can_do_nothing_else(statement: str, url: str) -> None:
    with psycopg.connect(url) as line:
        # Whoever could log on as this role could undo its own default.
        line.execute("SET default_transaction_read_only = off")
        line.commit()
        with pytest.raises(psycopg.Error) as refused:
            line.execute(statement)

    assert refused.value.sqlstate in {"42501", "55000"}


def test_in_the_portals_database_it_makes_no_temporary_tables(
    postgres: PrivatePostgres,
) -> None:
    with psycopg.connect(postgres.url(MAIL_ROLE, OWNER), autocommit=True) as line:
        line.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            line.execute("CREATE TEMPORARY TABLE mine (a int)")


def test_its_queries_do_not_run_for_long(url: str) -> None:
    with psycopg.connect(url) as line, pytest.raises(psycopg.errors.QueryCanceled):
        line.execute("SELECT pg_sleep(30)")


def test_the_script_may_run_again_and_then_grants_what_is_there(
    postgres: PrivatePostgres,
) -> None:
    """As after restoring a dump, which a role made later has no rights in."""
    database = postgres.url("postgres", OWNER)
    with psycopg.connect(database, autocommit=True) as line:
        line.execute("CREATE VIEW mail_logon AS SELECT 1 AS one")
        try:
            postgres.run_sql(ROLES.read_text())
            line.execute(f"SET ROLE {MAIL_ROLE}")
            assert line.execute("SELECT * FROM mail_logon").fetchall() == [(1,)]
        finally:
            line.execute("RESET ROLE")
            line.execute("DROP VIEW mail_logon")


def test_psql_stops_at_the_first_mistake(postgres: PrivatePostgres) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        postgres.run_sql("SELECT nonsense")
