"""The columns: what a CSV file, a passwd-file, the API and an export say of a mailbox.

Each column is a row of `COLUMNS`. To add one, add a row here; where the API has it too,
add a field to both schemas of mailboxes in `api/schemas.py`. A value that has to be
looked up, such as a department's name, needs a line in `provisioning/plans.py` as well.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from textwrap import wrap

from django.conf import settings

from accounts.events import Kind
from accounts.hashing import schemes
from accounts.models import Account
from provisioning import cells

MAX_NAME_LENGTH = 100  # symbols, as the columns of the database have it
# In place of a value: an empty cell changes nothing.
UNCHANGED = object()
HELP_WIDTH, HELP_INDENT = 88, 22


@dataclass(frozen=True)
class Column:
    """How one column is read, planned, written and described."""

    # In the first line of a CSV file, and in the API.
    name: str
    # In `Wanted.fields` and, where the mailbox's own row has it, in `Account`.
    field: str
    # What the column holds, for the help of the import.
    help: str
    # From a cell that is not empty to what `Wanted.fields` holds; a ValueError or
    # `schemes.Unusable` says what is wrong, without repeating the cell.
    parse: Callable[[str], object] = str
    # What `Wanted.fields` holds after an empty cell, or null in the API.
    empty: object = ""
    in_api: bool = True
    # What the mailbox has, where that is not what its `field` is.
    read: Callable[[Account], object] | None = None
    # Whether an import may change it in the mailbox's own row.
    in_row: bool = True
    # Whether the value goes there just as it was parsed.
    is_plain: bool = False
    # What is wrong with the value that a mailbox would have; empty: nothing.
    find_error: Callable[[str], str] | None = None
    # Whether mail servers decide by it whom they let in.
    affects_logons: bool = False
    # The event that records a change of it; None: that of the whole mailbox.
    event: Kind | None = None

    def value(self, account: Account) -> object:
        """Return what the mailbox has: text, a truth, a moment, or None."""
        return self.read(account) if self.read else getattr(account, self.field)

    @property
    def ignores_empty_cell(self) -> bool:
        """Whether an empty cell leaves what it is about as it is."""
        return self.empty is UNCHANGED

    def parse_cell(self, cell: str) -> dict[str, object]:
        """Return what the cell adds to `Wanted.fields`.

        Raises:
            ValueError, schemes.Unusable: it does not say what the column holds.
        """
        if cell:
            return {self.field: self.parse(cell)}
        return {} if self.ignores_empty_cell else {self.field: self.empty}

    def format_cell(self, account: Account) -> str:
        """Return what a CSV file says of the mailbox in this column."""
        value = self.value(account)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return value.isoformat()
        return "" if value is None else str(value)


def find_name_error(name: str) -> str:
    """Return what is wrong with the name of a person or a department, if anything."""
    if len(name) > MAX_NAME_LENGTH or not cells.is_text(name):
        return f"Longer than {MAX_NAME_LENGTH} symbols, or not one line."
    return ""


def _find_language_error(code: str) -> str:
    if code not in {"", *dict(settings.LANGUAGES)}:
        return "This is none of the languages of the portal."
    return ""


def _phone_number(account: Account) -> str | None:
    phone = getattr(account, "phone", None)
    return str(phone.number) if phone else None


ADDRESS = Column(
    "address", "address", "the whole address", cells.parse_address, in_row=False
)
PHONE = Column(
    "phone",
    "phone",
    "a mobile number, as +4915112345678; without an extension",
    read=_phone_number,
    in_row=False,
    event=Kind.PHONE_CHANGED,
)
PASSWORD = Column(
    "password",
    "password",
    "{SCHEME}hash as Dovecot writes it; never in clear",
    schemes.stored,
    UNCHANGED,
    in_api=False,
    read=lambda account: schemes.written(account.password),
    event=Kind.PASSWORD_CHANGED,
)
ACTIVE = Column(
    "active",
    "is_active",
    "yes or no",
    cells.parse_bool,
    UNCHANGED,
    is_plain=True,
    affects_logons=True,
)
# In the order in which an export writes them, and errors are shown.
COLUMNS = (
    ADDRESS,
    Column("name", "name", "the person's", is_plain=True, find_error=find_name_error),
    Column(
        "department",
        "department",
        "of the address's domain, by name",
        read=lambda account: account.department and account.department.name,
        affects_logons=True,
    ),
    Column(
        "language",
        "language",
        ", ".join(dict(settings.LANGUAGES)),
        is_plain=True,
        find_error=_find_language_error,
    ),
    PHONE,
    PASSWORD,
    ACTIVE,
    Column(
        "security_passwords",
        "client_passwords_on",
        "yes turns them on; no leaves them as they are",
        cells.parse_bool,
        UNCHANGED,
        in_api=False,
        affects_logons=True,
        event=Kind.SWITCHED_ON,
    ),
    Column(
        "policy",
        "policy",
        "the mailbox's own, by name",
        read=lambda account: account.policy and account.policy.name,
        affects_logons=True,
    ),
    Column(
        "policy_until",
        "policy_until",
        "when that ends: date, time and zone, as 2027-01-31T18:00:00+01:00 (a date "
        "alone does not say when)",
        cells.parse_moment,
        None,
        affects_logons=True,
    ),
)
BY_NAME = {column.name: column for column in COLUMNS}
BY_FIELD = {column.field: column for column in COLUMNS}
# The names of what `value` asks a mailbox for: to be had with its row.
RELATED_FIELDS = ("domain", "department", "policy", "phone")


def describe_columns() -> str:
    """Return a line or more on each column, for the help of a command."""
    lines: list[str] = []
    for column in COLUMNS:
        first, *more = wrap(column.help, HELP_WIDTH - HELP_INDENT)
        lines.append(f"  {column.name}".ljust(HELP_INDENT) + first)
        lines += [" " * HELP_INDENT + line for line in more]
    return "\n".join(lines)
