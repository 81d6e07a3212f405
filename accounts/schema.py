"""Helpers for migrations: tables and SQL scripts.

A script is either one file for both databases, NAME.sql, or one file for each,
NAME.postgresql.sql and NAME.sqlite.sql. In NAME.sql, a line that ends in
`-- postgresql` or `-- sqlite` is only for that database. The part after the line
`-- Undo:` reverses the part before it.
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
    """Return the operation that creates a table with its indexes and constraints.

    If no column is the primary key, the table gets the usual `id` as its first column.
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
    """Runs a script of SQL; when reversed, it runs the part after `-- Undo:`.

    On a database for which the script has no file, it does nothing.
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
    """Return the script's statements for this database, and those that reverse them.

    The name is the file's path from the project's folder, without its suffixes. Both
    lists are empty if the script has files for other databases only.

    Raises:
        FileNotFoundError: the script has no file at all.
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
    """Return single statements for SQLite, or the whole text for PostgreSQL."""
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
