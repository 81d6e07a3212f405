"""The names under which sessions run on the mail servers.

The web password's is the address. A security password's is address~70, where 70 is its
key; and address~70.1, address~70.2 once its networks were changed, with .0 and a number
behind where its policy names networks. The logon views make them, and nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

SEPARATOR = "~"  # in no address (`accounts.models.account`)
MAX_DIGITS = 18  # that fit into a key of the database whatever they are


@dataclass(frozen=True)
class LoginName:
    """A login name, or a mask of some, taken apart.

    `credential` is the key of a security password; None for the web password, and for
    what is no name of ours.
    """

    address: str
    credential: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take a login name apart. Every text is one: mail servers tell of any."""
        address, _mark, rest = text.partition(SEPARATOR)
        key = rest.partition(".")[0]
        is_key = key.isascii() and key.isdecimal() and len(key) <= MAX_DIGITS
        return cls(address, int(key) if is_key else None)

    @property
    def domain(self) -> str:
        """What is behind the last @; all of it without one."""
        return self.address.rpartition("@")[2]


def parse_credentials(names: Iterable[str]) -> set[int]:
    """Return the keys of the security passwords that these are names of."""
    found = (LoginName.parse(name).credential for name in names)
    return {key for key in found if key is not None}


def build_mask(address: str, credential: int) -> str:
    """Return the mask of all names that a security password's sessions ever had."""
    return f"{address}{SEPARATOR}{credential}*"
