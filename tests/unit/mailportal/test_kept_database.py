"""The test database is kept between runs, and made anew when a migration changes."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from accounts import schema
from accounts.models import Account
from tests import keptdatabase
from tests.environment import POSTGRES
from tests.keptdatabase import KeptDatabase, fingerprint, sources

VIEWS = {"mail_logon", "mail_web_logon", "mail_notice"}


def views_of(name: str) -> set[str]:
    """The views in a database that nobody is connected to."""
    if POSTGRES is None:
        with closing(sqlite3.connect(name)) as line:
            rows = line.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
            return {row for (row,) in rows.fetchall()}
    ours = "SELECT viewname FROM pg_views WHERE schemaname = 'public'"
    return {*POSTGRES.run_sql(ours, database=name).split()}


def test_all_migrations_and_their_scripts_say_whether_it_is_made_anew() -> None:
    migrations = MigrationLoader(None).disk_migrations.values()
    modules = {type(each).__module__ for each in migrations}
    files = {Path(str(sys.modules[each].__file__)) for each in modules}
    scripts = {*schema.ROOT.glob("accounts/sql/*.sql")}
    scripts |= {*schema.ROOT.glob("clientpasswords/logon/*.sql")}

    assert len(files) > 20
    assert len(scripts) > 8
    assert {*sources()} >= files | scripts


def test_a_changed_source_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "0001_initial.py"
    monkeypatch.setattr(keptdatabase, "sources", lambda: [file])
    marks = []
    for text in ("", "initial = True", ""):
        file.write_text(text)
        marks.append(fingerprint())

    assert marks[0] == marks[2] != marks[1]


def test_a_right_that_no_migration_makes_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = fingerprint()

    monkeypatch.setattr(Account._meta, "permissions", [("fly", "Can fly")])

    assert fingerprint() != before


@pytest.mark.django_db(transaction=True)
def test_a_copy_is_the_same_database_and_the_only_one(tmp_path: Path) -> None:
    kept = KeptDatabase(tmp_path)
    former = tmp_path / f"{connection.vendor}-former"
    former.touch()
    again = "kept_again" if POSTGRES else str(tmp_path / "again.sqlite3")
    assert not kept.restore(again)

    kept.keep(str(connection.settings_dict["NAME"]))
    restored = kept.restore(again)

    assert restored
    assert views_of(again) == VIEWS
    assert not former.exists()
    if POSTGRES is not None:
        POSTGRES.run_sql(f'DROP DATABASE "{again}"')
