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
    if not rows:
        return
    fields = _fields(model, names)
    columns = [*map(_convert_column, fields, zip(*rows, strict=True))]
    insert = (
        f"INSERT INTO {_quote_name(model._meta.db_table)} ({_column_names(fields)})"
    )
    conflict = _on_conflict(model, unique, update)
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
    model: type[Model], unique: Sequence[str], update: Sequence[str]
) -> str:
    if not unique:
        return ""
    written = [_column_name(field) for field in _fields(model, update)]
    changes = ", ".join(f"{column} = EXCLUDED.{column}" for column in written)
    return (
        f"ON CONFLICT ({_column_names(_fields(model, unique))}) DO UPDATE SET {changes}"
    )


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
