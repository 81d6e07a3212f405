"""Write thousands of rows from the mail servers' logs.

`bulk_create` makes a model instance of each row and converts every value, which takes
several times as long as the database needs to write it. This module converts a value
that many rows share once, and makes no instances.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Field, Model

if TYPE_CHECKING:
    AnyField = Field[Any, Any]


def write_rows(
    model: type[Model],
    names: Sequence[str],
    rows: Collection[Sequence[object]],
    *,
    unique: Sequence[str] = (),
    update: Sequence[str] = (),
) -> None:
    """Insert rows of hashable values, one value for each field in `names`.

    The value of a foreign key is the primary key of the other row. Where a row with the
    same `unique` fields exists, its `update` fields are overwritten.
    """
    written = [_column_name(field) for field in _fields(model, update)]
    changes = [f"{column} = EXCLUDED.{column}" for column in written]
    _insert(model, names, rows, _on_conflict(model, unique, changes))


def add_counts(
    model: type[Model], names: Sequence[str], rows: Collection[Sequence[object]]
) -> None:
    """Insert rows that count something, or add their counts to the rows that exist.

    The last of `names` is the count; the others are unique together. No two of the
    `rows` have these alike. Several processes may add to the same rows at once; they
    pass them in the same order, so that none waits for the other.
    """
    *unique, counter = names
    table = _quote_name(model._meta.db_table)
    (count,) = (_column_name(field) for field in _fields(model, [counter]))
    changes = [f"{count} = {table}.{count} + EXCLUDED.{count}"]
    _insert(model, names, rows, _on_conflict(model, unique, changes))


def _insert(
    model: type[Model],
    names: Sequence[str],
    rows: Collection[Sequence[object]],
    conflict: str,
) -> None:
    if not rows:
        return
    fields = _fields(model, names)
    columns = [*map(_convert_column, fields, zip(*rows, strict=True))]
    insert = (
        f"INSERT INTO {_quote_name(model._meta.db_table)} ({_column_names(fields)})"
    )
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # Planned once, whatever the number of rows; each column is one parameter.
            arrays = ", ".join(f"%s::{_column_type(field)}[]" for field in fields)
            cursor.execute(
                f"{insert} SELECT * FROM unnest({arrays}) {conflict}", columns
            )
        else:
            places = ", ".join("%s" for _ in fields)
            values = [*zip(*columns, strict=True)]
            cursor.executemany(f"{insert} VALUES ({places}) {conflict}", values)


def _convert_column(field: "AnyField", column: Collection[object]) -> list[object]:
    """Return the values as the driver of the database expects them."""
    converted = {
        value: field.get_db_prep_save(value, connection) for value in set(column)
    }
    return [converted[value] for value in column]


def _on_conflict(
    model: type[Model], unique: Sequence[str], changes: Sequence[str]
) -> str:
    if not unique:
        return ""
    columns = _column_names(_fields(model, unique))
    return f"ON CONFLICT ({columns}) DO UPDATE SET {', '.join(changes)}"


def _fields(model: type[Model], names: Sequence[str]) -> "list[AnyField]":
    by_name = {field.name: field for field in model._meta.concrete_fields}
    return [by_name[name] for name in names]


def _column_names(fields: Iterable["AnyField"]) -> str:
    return ", ".join(map(_column_name, fields))


def _column_type(field: "AnyField") -> str:
    """Return the type without its length: a cast would cut what is too long."""
    return str(field.db_type(connection)).partition("(")[0]


def _column_name(field: "AnyField") -> str:
    return _quote_name(str(field.column))


def _quote_name(name: str) -> str:
    return connection.ops.quote_name(name)
