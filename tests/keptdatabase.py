"""Keep the test database between runs until a migration changes.

Creating it takes longer than most tests. It is copied directly after it was created,
before any test; `--create-db` creates it again.
"""

import hashlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.db import connection
from django.db.models import Model

from accounts import schema
from deploy.postgres import OWNER, SUPERUSER
from tests.environment import POSTGRES


class KeptDatabase:
    """A copy of the test database as the migrations leave it, in this folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"{connection.vendor}-{fingerprint()}"

    def restore(self, name: str) -> bool:
        """Restore the test database from the copy; return whether there was one."""
        try:
            content = self._file.read_bytes()
        except FileNotFoundError:
            return False
        if POSTGRES is None:
            Path(name).write_bytes(content)
        else:
            POSTGRES.run_sql(f'CREATE DATABASE "{name}" OWNER {OWNER}')
            POSTGRES.run_sql(content.decode(), database=name)
        return True

    def keep(self, name: str) -> None:
        """Copy the test database, and delete all other copies of its kind."""
        new = self._folder / f"new-{os.getpid()}"
        if POSTGRES is None:
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(new)])
        else:
            server = ("-h", str(POSTGRES.folder), "-p", str(POSTGRES.port))
            new.write_text(POSTGRES._run("pg_dump", *server, "-U", SUPERUSER, name))
        for former in self._folder.glob(f"{connection.vendor}-*"):
            former.unlink(missing_ok=True)
        new.replace(self._file)


def fingerprint() -> str:
    """Return a digest that changes whenever the migrations may change the database."""
    digest = hashlib.sha256()
    for file in sources():
        digest.update(f"{file}\n".encode() + file.read_bytes())
    for model in sorted(apps.get_models(), key=lambda model: model._meta.label):
        digest.update(repr(_facts(model)).encode())
    server = sqlite3.sqlite_version
    if POSTGRES is not None:
        server = POSTGRES.run_sql("SHOW server_version")
    digest.update(repr((django.VERSION, server)).encode())
    return digest.hexdigest()[:16]


def sources() -> list[Path]:
    """Return the files that define the database, of all apps, including Django's."""
    folders = [Path(app.path) for app in apps.get_app_configs()]
    found = [file for each in folders for file in each.glob("migrations/*.py")]
    ours = [each for each in folders if each.parent == schema.ROOT]
    scripts = [file for each in ours for file in each.rglob("*.sql")]
    return sorted([*found, *scripts, Path(schema.__file__)])


def _facts(model: type[Model]) -> list[Any]:
    """Return what Django creates for a model after the migrations, and its columns."""
    meta = model._meta
    columns = [(each.column, each.db_type(connection)) for each in meta.local_fields]
    names = (meta.label, str(meta.verbose_name_raw))
    return [*names, meta.default_permissions, meta.permissions, columns]
