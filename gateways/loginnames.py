"""Logon names: the user names of sessions on the mail servers.

A session with the web password has the address as its name. A session with a security
password has address~70, where 70 is the password's key. After its networks were changed
it has address~70.1, then address~70.2. If its policy lists networks, .0 and a number
for these follow: address~70.04711, or address~70.1.04711. Only the logon views make
these names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

SEPARATOR = "~"  # no address contains it (`accounts.models.account`)
MAX_DIGITS = 18  # any number of 18 digits fits into a key of the database


@dataclass(frozen=True)
class LoginName:
    """The parts of a logon name, or of a mask of logon names.

    `credential` is the key of a security password. It is None for the web password, and
    for names that the portal did not make.
    """

    address: str
    credential: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a logon name. Any text is accepted, as mail servers report any name."""
        address, _mark, rest = text.partition(SEPARATOR)
        key = rest.partition(".")[0]
        is_key = key.isascii() and key.isdecimal() and len(key) <= MAX_DIGITS
        return cls(address, int(key) if is_key else None)

    @property
    def domain(self) -> str:
        """The part after the last @; the whole address if it has none."""
        return self.address.rpartition("@")[2]


def parse_credentials(names: Iterable[str]) -> set[int]:
    """Return the keys of the security passwords in these logon names."""
    found = (LoginName.parse(name).credential for name in names)
    return {key for key in found if key is not None}


def build_mask(address: str, credential: int) -> str:
    """Return a mask that matches all logon names of a security password."""
    return f"{address}{SEPARATOR}{credential}*"
