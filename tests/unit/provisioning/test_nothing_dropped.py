"""Whatever stands in a line is used, refused or counted; and nothing of it is told."""

import csv
import io
import itertools
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.hashing import schemes
from provisioning import files, passwd_files
from provisioning.columns import BY_NAME, COLUMNS
from provisioning.files import UNUSABLE_HASH, ParsedLine, Waiver
from tests.takenover import HASHES

# Stands in whatever could be a secret.
SECRET = "sesame"
PASSWORDS = [
    *HASHES.values(),
    "",
    "!",
    "*",
    "x",
    "{CRYPT}!",
    f"!{HASHES['SSHA512']}",
    SECRET,
    f"{{PLAIN}}{SECRET}",
    f"{{MD5-CRYPT}}$1${SECRET}",
    f"$y${SECRET}",
    f"{{{SECRET}}}",
    f" {SECRET}",
    f"{SECRET}\t",
    f"$6${SECRET}$",
]
# Of each column: what it holds, and what it should not.
UNUSUAL = {
    "address": ["erin@firm.example", "erin@m\xfcnchen.example", SECRET, "a@b"],
    "name": ["Erin", f"{SECRET}\n", f"{SECRET}\udcf6"],
    "department": ["Sales", f"{SECRET}\0"],
    "language": ["de", f"{SECRET}\x85"],
    "phone": ["+4915112345678", "+49 30 1234567", "'4915112345678"],
    "password": PASSWORDS,
    "active": ["yes", "f", SECRET, "perhaps"],
    "security_passwords": ["yes", "f", SECRET],
    "policy": ["Standard", f"{SECRET}\r"],
    "policy_until": ["2027-01-31T18:00Z", "2027-01-31", SECRET],
    "": ["", SECRET],
    "notes": ["", SECRET],
}
# What a column is called in `WantedMailbox.fields`.
FIELDS = {column.name: column.field for column in COLUMNS}
WAIVED = Waiver(frozenset({"notes", "colour"}))
EXTRA = [
    *passwd_files.HARMLESS,
    *(f"{family}1" for family in passwd_files.HARMLESS_FAMILIES),
    *passwd_files.LOCKING,
    *passwd_files.RESTRICTING,
    "colour",
    "taste",
    "NoLogin",
    "nologin:remove",
    "event_:remove",
]
# A word without a value may be the rest of a password with a blank in it.
WORDS = [SECRET, *(f"{name}{value}" for name in EXTRA for value in ("", f"={SECRET}"))]
WAYS = st.sampled_from([Waiver(), WAIVED, Waiver(unusable_hashes=True)])


def test_every_column_has_what_is_unusual_in_it() -> None:
    assert set(BY_NAME) == set(UNUSUAL) - {"", "notes"}


def read_csv(
    names: Iterable[str], cells: Iterable[str], waived: Waiver
) -> list[ParsedLine]:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, cells])
    text.seek(0)
    # A name that is no column's is refused.
    named = replace(waived, names=waived.names & {*names})
    return list(files.read_csv(text, named))


def became_of(row: ParsedLine, name: str, cell: str) -> str:
    """Return whether the cell is used, refused by its column, counted, or a lock."""
    if name in row.errors or (row.errors and not (name and row.wanted)):
        return "refused"
    if name in row.locked_by:
        return "lock"
    if name in row.left_out or (name == "password" and UNUSABLE_HASH in row.left_out):
        return "counted"
    assert row.wanted is not None
    if name == "address":
        # The domain in its own letters is that in ASCII.
        meant = cell.replace("m\xfcnchen", "xn--mnchen-3ya")
        return "used" if row.wanted.address == meant else "dropped"
    is_used = FIELDS.get(name, name) in row.wanted.fields
    return "used" if is_used or not cell.strip() else "dropped"


@pytest.mark.parametrize(
    ("name", "cell"), [(name, cell) for name in UNUSUAL for cell in UNUSUAL[name]]
)
def test_one_unusual_cell_is_used_or_refused_by_its_column(
    name: str, cell: str
) -> None:
    cells = {"address": "erin@firm.example", name: cell}

    (row,) = read_csv(cells, cells.values(), WAIVED)

    assert became_of(row, name, cell) != "dropped"
    assert SECRET not in f"{row}"


@given(data=st.data(), waived=WAYS)
def test_of_a_csv_line_nothing_is_dropped_and_no_cell_told(
    data: st.DataObject, waived: Waiver
) -> None:
    known = sorted(set(UNUSUAL) - {"notes"} | (waived.names & {"notes"}))
    names = data.draw(st.permutations(known))
    cells = [data.draw(st.sampled_from(UNUSUAL[name])) for name in names]

    rows = read_csv(names, cells, waived)

    for row in rows:
        for name, cell in zip(names, cells, strict=True):
            assert became_of(row, name, cell) != "dropped"
        assert SECRET not in f"{row}"


def is_open(row: ParsedLine) -> bool:
    return bool(not row.errors and row.wanted and row.wanted.fields.get("is_active", 1))


def closes(name: str, waived: Waiver) -> bool:
    """Whether with this extra field Dovecot may let in fewer than by the hash alone."""
    harmless = passwd_files.HARMLESS | waived.names
    is_family = name.startswith(passwd_files.HARMLESS_FAMILIES) and ":" not in name
    return name not in harmless and not is_family


def passwd_line(password: str, places: list[str], extra: list[str]) -> str:
    cells = ["erin@firm.example", password, *places]
    if extra:
        cells += [""] * (7 - len(cells))
        cells.append(" ".join(extra))
    return ":".join(cells)


def require_all_told(
    password: str, places: list[str], extra: list[str], waived: Waiver
) -> None:
    line = passwd_line(password, places, extra)
    (row,) = passwd_files.read_passwd(io.StringIO(line), waived)

    told = {*row.left_out, *row.locked_by, *row.errors}
    for name, cell in zip(passwd_files.FIELDS[2:], places, strict=False):
        assert name in told or not cell, line
    reasons = 0
    for place, word in enumerate(extra, 1):
        name = word.partition("=")[0]
        reasons += name == "reason"
        prose = word in {SECRET, "colour", "taste", "NoLogin"} and reasons
        assert name in told or f"extra field {place}" in told or prose, line
        if closes(name, waived) and not prose:
            assert not is_open(row), line
    assert SECRET not in f"{row}", line


def test_two_extra_fields_of_every_kind_are_told_and_open_nothing() -> None:
    hash_ = HASHES["SSHA512"]
    for pair in itertools.product(WORDS, repeat=2):
        require_all_told(hash_, ["5000", "5000"], list(pair), Waiver())
        require_all_told(hash_, [], list(pair), WAIVED)


@given(
    password=st.sampled_from(PASSWORDS),
    places=st.lists(st.sampled_from(["", "5", "x", "0", SECRET]), max_size=5),
    extra=st.lists(st.sampled_from(WORDS), max_size=5),
    waived=WAYS,
)
def test_of_a_passwd_line_nothing_is_dropped_opened_or_told(
    password: str, places: list[str], extra: list[str], waived: Waiver
) -> None:
    require_all_told(password, places, extra, waived)


@given(password=st.sampled_from(PASSWORDS) | st.text(max_size=20), waived=WAYS)
def test_a_password_that_is_no_hash_never_comes_in(
    password: str, waived: Waiver
) -> None:
    cells = password.replace(":", "").replace("\n", "")
    text = io.StringIO(f"erin@firm.example:{cells}\n", newline="\n")

    (row,) = passwd_files.read_passwd(text, waived)

    if is_open(row):
        assert row.wanted is not None
        kept = row.wanted.fields.get("password")
        assert (
            kept == schemes.convert_to_django(cells)
            if kept
            else UNUSABLE_HASH in row.left_out
        )
