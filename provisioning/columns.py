"""The columns of a mailbox in CSV files, passwd-files, the API and exports.

Each column is a row of `COLUMNS`. To add one, add a row here; where the API has it too,
add a field to both schemas of mailboxes in `api/schemas.py`. A value that has to be
looked up, such as a department, needs a line in `provisioning/plans.py` as well.
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
    # In `WantedMailbox.fields` and, if the row of the mailbox has it, in `Account`.
    field: str
    # What the column holds, for the help of the import.
    help: str
    # Parses a cell that is not empty to a value of `WantedMailbox.fields`. Raises
    # ValueError or `schemes.UnusableHash`, whose message never repeats the cell.
    parse: Callable[[str], object] = str
    # The value of an empty cell, or of null in the API.
    empty: object = ""
    in_api: bool = True
    # Reads the value of a mailbox, if that is not its attribute `field`.
    read: Callable[[Account], object] | None = None
    # Whether an import may change it in the row of the mailbox.
    in_row: bool = True
    # Whether the parsed value is written as it is.
    is_plain: bool = False
    # Returns what is wrong with a value; empty: nothing.
    find_error: Callable[[str], str] | None = None
    # Whether mail servers decide by it who is let in.
    affects_logons: bool = False
    # The event that records a change; None: the event of the whole mailbox.
    event: Kind | None = None

    def value(self, account: Account) -> object:
        """Return the value of the mailbox: str, bool, datetime or None."""
        return self.read(account) if self.read else getattr(account, self.field)

    @property
    def ignores_empty_cell(self) -> bool:
        """Whether an empty cell changes nothing."""
        return self.empty is UNCHANGED

    def parse_cell(self, cell: str) -> dict[str, object]:
        """Return what the cell adds to `WantedMailbox.fields`.

        Raises:
            ValueError, schemes.Unusable: the cell is invalid.
        """
        if cell:
            return {self.field: self.parse(cell)}
        return {} if self.ignores_empty_cell else {self.field: self.empty}

    def format_cell(self, account: Account) -> str:
        """Return the cell of the mailbox in a CSV file."""
        value = self.value(account)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return value.isoformat()
        return "" if value is None else str(value)


def find_name_error(name: str) -> str:
    """Return what is wrong with the name of a person or department; empty: nothing."""
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
    schemes.convert_to_django,
    UNCHANGED,
    in_api=False,
    read=lambda account: schemes.convert_to_dovecot(account.password),
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
# In the order of exports and of error messages.
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
# The relations that `value` reads: select them with the row.
RELATED_FIELDS = ("domain", "department", "policy", "phone")


def describe_columns() -> str:
    """Return the description of all columns for the help of a command."""
    lines: list[str] = []
    for column in COLUMNS:
        first, *more = wrap(column.help, HELP_WIDTH - HELP_INDENT)
        lines.append(f"  {column.name}".ljust(HELP_INDENT) + first)
        lines += [" " * HELP_INDENT + line for line in more]
    return "\n".join(lines)
