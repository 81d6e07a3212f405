"""Lists of mailboxes as text: what an import reads, and an export writes.

CSV (RFC 4180) in UTF-8 with the names of its columns in the first line, or Dovecot's
passwd-file. Nothing that stood in a file is repeated in a message but addresses that
are well formed: somewhere in it are passwords' hashes, or passwords.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts import schemes
from accounts.models import Account
from accounts.models.account import ADDRESS
from administration.plans import Wanted, is_text

# The columns of a CSV file, in the order in which an export writes them.
COLUMNS = [
    *("address", "name", "department", "language", "phone", "password"),
    *("active", "policy", "policy_until"),
]
# Where Dovecot's passwd-file has what.
PASSWD_FIELDS = ("address", "password")
ANSWERS = {
    **dict.fromkeys(("yes", "true", "1", "y", "on"), True),
    **dict.fromkeys(("no", "false", "0", "n", "off"), False),
}


class Malformed(Exception):
    """The file as a whole cannot be read; the message says in which line, and why."""


@dataclass(frozen=True)
class Row:
    """One mailbox of a file: what is wanted, or what is wrong with the line."""

    line: int
    wanted: Wanted | None = field(repr=False)
    # Empty if there is none that is fit to be shown.
    address: str = ""
    faults: Mapping[str, str] = field(default_factory=dict)


def read_csv(file: IO[str]) -> Iterator[Row]:
    """Read mailboxes from a CSV file, line by line.

    Columns that are not there say nothing. An empty cell empties what it is about,
    but for `password` and `active`, which it leaves as they are.

    Raises:
        Malformed: the file is no CSV, or its first line does not name columns.
    """
    reader = csv.reader(file, strict=True)
    columns: list[str] = []
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise Malformed(f"line {line}: not well-formed CSV ({error})") from None
        if not columns:
            columns = _columns(cells)
        elif len(cells) == len(columns):
            yield _row(line, dict(zip(columns, cells, strict=True)))
        elif cells:
            text = f"{len(cells)} cells, and the first line has {len(columns)}"
            yield Row(line, None, faults={"": text})
    if not columns:
        raise Malformed("the file is empty: its first line names the columns")


def read_passwd(file: IO[str]) -> Iterator[Row]:
    """Read mailboxes from a passwd-file of Dovecot: their addresses and passwords."""
    for line, text in enumerate(file, 1):
        if not text.strip() or text.startswith("#"):
            continue
        cells = text.rstrip("\r\n").split(":")
        if len(cells) < len(PASSWD_FIELDS):
            yield Row(line, None, faults={"": "no colon between name and password"})
        else:
            yield _row(line, dict(zip(PASSWD_FIELDS, cells, strict=False)))


def cells_of(account: Account, *, with_hash: bool) -> dict[str, str]:
    """Return what a CSV file says of the mailbox, by column."""
    phone = getattr(account, "phone", None)
    until = account.policy_until
    cells = {
        "address": account.address,
        "name": account.name,
        "department": account.department.name if account.department else "",
        "language": account.language,
        "phone": str(phone.number) if phone else "",
        "active": "yes" if account.is_active else "no",
        "policy": account.policy.name if account.policy else "",
        "policy_until": until.isoformat() if until else "",
    }
    if with_hash:
        cells["password"] = schemes.written(account.password) or ""
    return cells


def _columns(cells: Iterable[str]) -> list[str]:
    names = [cell.strip().removeprefix("\ufeff").lower() for cell in cells]
    for place, name in enumerate(names, 1):
        if name not in COLUMNS:
            # It may be no name but a hash, in a file without a first line of names.
            known = ", ".join(COLUMNS)
            raise Malformed(f"line 1: column {place} is none of {known}")
        if names.index(name) != place - 1:
            raise Malformed(f"line 1: the column {name} is there twice")
    if "address" not in names:
        raise Malformed("line 1: there is no column address")
    return names


def _row(line: int, cells: Mapping[str, str]) -> Row:
    """Return the cells as what is wanted."""
    address = cells["address"].strip().lower()
    try:
        ADDRESS(address)
    except ValidationError:
        fault = "no full address of letters, digits and . _ + = - before the @"
        return Row(line, None, faults={"address": fault})
    fields: dict[str, object] = {}
    faults = {}
    for name, cell in cells.items():
        try:
            fields |= _field(name, cell.strip())
        except (ValueError, schemes.Unusable) as error:
            faults[name] = str(error)
    return Row(line, Wanted(address, fields), address, faults)


def _field(name: str, cell: str) -> dict[str, object]:
    """Return what one cell wants; messages of errors do not repeat it."""
    if name == "address":
        return {}
    if not is_text(cell):
        raise ValueError("a line break, a control character, or not in UTF-8")
    if name == "password":
        return {"password": schemes.stored(cell)} if cell else {}
    if name == "active":
        if cell and cell.lower() not in ANSWERS:
            raise ValueError("neither yes nor no")
        return {"is_active": ANSWERS[cell.lower()]} if cell else {}
    if name == "policy_until":
        return {"policy_until": _time(cell) if cell else None}
    return {name: cell}


def _time(text: str) -> datetime:
    try:
        time = parse_datetime(text)
    except ValueError:
        time = None
    if time is None:
        raise ValueError("no time such as 2027-01-31T18:00:00+01:00")
    return time if timezone.is_aware(time) else timezone.make_aware(time)
