"""CSV files of mailboxes, as imports read and exports write them.

The files are in UTF-8 (RFC 4180); the first line names the columns. Messages repeat
nothing of a file but well-formed addresses, because it contains hashes of passwords, or
passwords.
"""

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from accounts.hashing import schemes
from provisioning.cells import SURROGATE, is_text, parse_address
from provisioning.columns import ACTIVE, ADDRESS, BY_NAME, PASSWORD
from provisioning.plans import WantedMailbox

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# The first bytes of files that are not text, and what to do with such a file.
BINARY_FORMATS = {
    b"\x1f\x8b": "compressed (gzip): unpack it first",
    b"BZh": "compressed (bzip2): unpack it first",
    b"\xfd7zXZ": "compressed (xz): unpack it first",
    b"\x28\xb5\x2f\xfd": "compressed (zstd): unpack it first",
    b"PK\x03\x04": "a spreadsheet or an archive (xlsx, ods, zip): save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "a spreadsheet (xls): save it as CSV UTF-8",
    b"SQLite format 3": "a database: write it out as CSV UTF-8",
}
HEAD_SIZE = 512  # bytes that are checked
MAX_CONTROL_SHARE = 0.05  # of them, in a text with something odd in it
CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f"))
# The name under which unusable hashes are counted as left out.
UNUSABLE_HASH = "unusable hash"
# Separators of other programs.
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}


class MalformedFile(Exception):
    """The file cannot be read; the message says in which line, and why."""


@dataclass(frozen=True)
class Waiver:
    """What the administrator allows to leave out although it is not understood."""

    # Columns and extra fields, by name.
    names: frozenset[str] = frozenset()
    unusable_hashes: bool = False


NO_WAIVER = Waiver()


@dataclass(frozen=True)
class ParsedLine:
    """One line of a file: the wanted mailbox, the errors, and what was left out.

    Everything in the line is in one of the four. A line with errors is refused as a
    whole. One without `wanted` and `errors`, such as a comment, is of no mailbox.
    """

    line: int
    wanted: WantedMailbox | None = field(repr=False)
    # Empty if there is no well-formed address.
    address: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    # Fields that were understood and are not needed; none lets anybody in. By name.
    left_out: Sequence[str] = ()
    # Fields that locked the mailbox, so that it is made inactive. By name.
    locked_by: Sequence[str] = ()


@contextmanager
def open_text(path: Path, *, newline: str = "") -> Iterator[IO[str]]:
    """Open a UTF-8 file; invalid bytes become surrogates, for the error of the line.

    Raises:
        MalformedFile: the file is in UTF-16, or not text.
    """
    with path.open("rb") as file:
        _require_utf_8(file.read(HEAD_SIZE))
    with path.open(encoding="utf-8", errors="surrogateescape", newline=newline) as text:
        yield text


def _require_utf_8(head: bytes) -> None:
    for mark, what in BINARY_FORMATS.items():
        if head.startswith(mark):
            raise MalformedFile(f"the file is {what}")
    if head.startswith(UTF_16) or b"\0\0" in {head[:4:2], head[1:4:2]}:
        raise MalformedFile(
            "the file is in UTF-16 (Unicode text): save it as CSV UTF-8"
        )
    controls = len(head) - len(head.translate(None, CONTROLS))
    if controls > len(head) * MAX_CONTROL_SHARE:
        raise MalformedFile("the file is no text: save it as CSV UTF-8")


def read_csv(file: IO[str], waived: Waiver = NO_WAIVER) -> Iterator[ParsedLine]:
    """Read mailboxes from a CSV file, line by line.

    Missing columns change nothing. An empty cell empties its field, except for columns
    with `ignores_empty_cell`. Empty lines, and empty columns without a name, are
    skipped: spreadsheets leave them behind.

    Raises:
        MalformedFile: the file is not CSV, or its first line does not name columns.
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
            raise MalformedFile(f"line {line}: not well-formed CSV ({error})") from None
        if not columns:
            columns = _parse_header(cells, waived)
        elif len(cells) < len(columns) and any(cells):
            text = f"{len(cells)} cells, and the first line has {len(columns)}"
            yield ParsedLine(line, None, errors={"": text})
        elif any(cell.strip() for cell in cells):
            yield _parse_row(line, columns, cells, waived)
    if not columns:
        raise MalformedFile("the file is empty: its first line names the columns")


def parse_password(cell: str, waived: Waiver) -> dict[str, object]:
    """Return the wanted password; empty if the hash is unusable and that is waived.

    Raises:
        schemes.Unusable: the hash cannot be taken over.
    """
    try:
        return PASSWORD.parse_cell(cell)
    except schemes.UnusableHash as error:
        if waived.unusable_hashes:
            return {}
        raise schemes.UnusableHash(
            f"{error}; --without-unusable-hashes imports such mailboxes without a web "
            "password"
        ) from None


def _parse_header(cells: Sequence[str], waived: Waiver) -> list[str]:
    """Return the names of the columns; empty columns of a spreadsheet are "".

    Raises:
        MalformedFile: with all errors of the line.
    """
    names = [cell.strip().removeprefix("\ufeff").lower() for cell in cells]
    if "address" not in names:
        _require_commas(cells)
    known = {"", *BY_NAME, *map(str.lower, waived.names)}
    # Not shown: it may be a hash, in a file without a header.
    unknown = [place for place, name in enumerate(names, 1) if name not in known]
    twice = sorted({name for name in names if names.count(name) > 1} & known - {""})
    errors = [f"the column {name} is there twice" for name in twice]
    if unknown:
        errors.append(
            f"column{'s' if unknown[1:] else ''} {_join_numbers(unknown)} "
            f"{'are' if unknown[1:] else 'is'} none of {', '.join(BY_NAME)}; "
            "--leave-out with the names leaves others out"
        )
    errors += [
        f"there is no column {name}, which --leave-out names"
        for name in sorted(waived.names)
        if name.lower() not in names
    ]
    if "address" not in names:
        errors.append("there is no column address")
    if errors:
        raise MalformedFile(f"line 1: {'; '.join(errors)}")
    return names


def _join_numbers(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last


def _require_commas(cells: Sequence[str]) -> None:
    line = ",".join(cells).removeprefix("\ufeff").lower()
    if line.strip(' "') == "sep=,":
        raise MalformedFile("line 1: sep= is for Excel alone: delete this line")
    for sign, name in SEPARATORS.items():
        names = [cell.strip(' "') for cell in line.split(sign)]
        if "address" in names or line.strip(' "') == f"sep={sign}":
            raise MalformedFile(
                f"line 1: {name} are between the columns: save the file as CSV with "
                "commas"
            )


def _parse_row(
    line: int, columns: Sequence[str], cells: Sequence[str], waived: Waiver
) -> ParsedLine:
    """Parse the cells of a line that is not empty."""
    errors = _find_unnamed_cells(columns, cells)
    fields: dict[str, object] = {}
    left_out, locked_by = [], []
    shown = ""
    for name, cell in zip(columns, map(str.strip, cells), strict=False):
        column = BY_NAME.get(name)
        try:
            _require_text(cell)
            if column is ADDRESS:
                shown = parse_address(cell)
            elif column is PASSWORD and cell and schemes.is_locked(cell):
                locked_by.append(name)
                fields[ACTIVE.field] = False
            elif column is PASSWORD and cell:
                password = parse_password(cell, waived)
                fields |= password
                left_out += [] if password else [UNUSABLE_HASH]
            elif column:
                fields |= column.parse_cell(cell)
            elif name and cell:
                left_out.append(name)
        except (ValueError, schemes.UnusableHash) as error:
            errors[name] = str(error)
    if locked_by and fields.get(ACTIVE.field):
        errors[ACTIVE.name] = "yes, and what stands at password locks the mailbox"
    wanted = WantedMailbox(shown, fields) if shown else None
    return ParsedLine(line, wanted, shown, errors, left_out, locked_by)


def _find_unnamed_cells(columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the errors of cells in columns without a name."""
    names = [*columns, *[""] * (len(cells) - len(columns))]
    return {
        f"column {place}": "not empty, and has no name in the first line"
        for place, (name, cell) in enumerate(zip(names, cells, strict=True), 1)
        if not name and cell.strip()
    }


def _require_text(cell: str) -> None:
    if SURROGATE.search(cell):
        raise ValueError("not in UTF-8: save the file as CSV UTF-8")
    if not is_text(cell):
        raise ValueError("a line break, or a control character")
