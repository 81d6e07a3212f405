"""What the migrations are written with: tables, and scripts of SQL.

A script is one file for both databases, NAME.sql, or one for each, NAME.postgresql.sql
and NAME.sqlite.sql. In the former, a line that ends in `-- postgresql` or `-- sqlite`
is for that one alone. What follows the line `-- Undo:` takes back what is before it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.db import models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation

ROOT = Path(__file__).resolve().parent.parent
VENDORS = ("postgresql", "sqlite")
UNDO = "\n-- Undo:\n"


def table(
    name: str,
    options: dict[str, Any] | None = None,
    /,
    *rules: models.Index | models.BaseConstraint,
    **columns: "models.Field[Any, Any]",
) -> CreateModel:
    """Return the operation that makes a model's table with its indexes and constraints.

    If none of the columns is the key, it has one more before them: the usual `id`.
    """
    if not any(column.primary_key for column in columns.values()):
        key = models.BigAutoField(
            "ID", auto_created=True, primary_key=True, serialize=False
        )
        columns = {"id": key, **columns}
    indexes = [rule for rule in rules if isinstance(rule, models.Index)]
    constraints = [rule for rule in rules if isinstance(rule, models.BaseConstraint)]
    lists = {"indexes": indexes, "constraints": constraints}
    given = {key: found for key, found in lists.items() if found}
    return CreateModel(name, [*columns.items()], (options or {}) | given)


class RunScript(Operation):
    """Runs a script of SQL, and what it says under `-- Undo:` when it is taken back.

    On a database that none of its files is for, it does nothing.
    """

    reduces_to_sql = True
    reversible = True

    def __init__(self, name: str) -> None:
        self.name = name

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Leave the models as they are."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        making, _undoing = read_script(self.name, schema_editor.connection.vendor)
        _execute_all(making, schema_editor)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, *states: Any
    ) -> None:
        _making, undoing = read_script(self.name, schema_editor.connection.vendor)
        _execute_all(undoing, schema_editor)

    def describe(self) -> str:
        return f"Runs {self.name}.sql"


def read_script(name: str, vendor: str) -> tuple[list[str], list[str]]:
    """Return what the script runs on this database, and what takes that back again.

    The name is the file's path from the project's folder, without its endings.

    Raises:
        FileNotFoundError: there is no such script, for any database.
    """
    file, for_one = ROOT / f"{name}.sql", ROOT / f"{name}.{vendor}.sql"
    if for_one.exists():
        file = for_one
    elif any((ROOT / f"{name}.{other}.sql").exists() for other in VENDORS):
        return [], []
    others = tuple(f"-- {other}" for other in VENDORS if other != vendor)
    lines = file.read_text().splitlines()
    text = "\n".join(line for line in lines if not line.endswith(others))
    making, _mark, undoing = text.partition(UNDO)
    return _split_sql(making, vendor), _split_sql(undoing, vendor)


def _execute_all(sql: Iterable[str], schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in sql:
        schema_editor.execute(statement, params=None)  # it may have a % in it


def _split_sql(sql: str, vendor: str) -> list[str]:
    """Return the statements one by one, as SQLite takes them; PostgreSQL takes all."""
    if vendor == "sqlite":
        return [*_iterate_statements(sql)]
    return [sql] if sql.strip() else []


def _iterate_statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement.strip()
            statement = ""
    if statement.strip():
        yield statement.strip()
