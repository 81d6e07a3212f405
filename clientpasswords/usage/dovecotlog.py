"""Reading who logged on from Dovecot's log.

It is the line that `deploy/dovecot/portal.lua` leaves of each decision. Only one that
begins with Dovecot's own prefix counts: whatever a client types cannot get there, and a
line that merely contains our words is not ours. 2.3 and 2.4 have prefixes of their own.
"""

import json
import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

TIMESTAMP = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) "
PORTAL_FIELDS = r"db-lua: portal (?P<fields>\{[^{}]*\})"
# 2026-11-23T21:33:10+0000 auth-worker(22): Info: conn unix:auth-worker (pid=9,uid=103):
# auth-worker<2>: lua(alice@example.com,192.0.2.7,<J/AeV/hgfrZ>): db-lua: portal {…}
LINE_2_3 = re.compile(
    TIMESTAMP + r"auth-worker\(\d+\): Info: conn unix:auth-worker \(pid=\d+,uid=\d+\): "
    r"auth-worker<\d+>: lua\((?P<name>[^,()\s\0]*)"
    r"(?:,(?P<ip>[0-9a-fA-F.:]+))?(?:,<[^<>\s]*>)?\): " + PORTAL_FIELDS
)
# 2026-11-23T21:33:10+0000 auth-worker(alice@example.com,192.0.2.7)<22><J/AeV/hgfrZ>:
# request [2]: Info: lua: db-lua: portal {…}
# where the first "lua" is the name of the passdb: a host can have several.
LINE_2_4 = re.compile(
    TIMESTAMP + r"auth-worker\((?P<name>[^,()\s\0]*)(?:,(?P<ip>[0-9a-fA-F.:]+))?\)"
    r"<\d+>(?:<[^<>\s]*>)?: request \[\d+\]: Info: [\w-]+: " + PORTAL_FIELDS
)
# No account has another address, and no database takes a NUL.
ADDRESS = re.compile(r"[!-~]+")


class Decision(NamedTuple):
    """One logon that the mail server decided."""

    at: datetime
    address: str
    network_address: str | None
    protocol: str
    credential: int | None
    reason: str  # empty: it was let in
    is_guess: bool = False  # wrong, and not what was typed there lately
    by_web_password: bool = False  # let in by it, and not through the webmail


def parse_line(line: str) -> Decision | None:
    """The decision that a line of the log tells of; None for every other line.

    A line that a crash left damaged is none: whoever follows the log goes on behind it.
    """
    try:
        if match := LINE_2_3.fullmatch(line) or LINE_2_4.fullmatch(line):
            return _parse_decision(match)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return None


def _parse_decision(match: re.Match[str]) -> Decision | None:
    fields = json.loads(match["fields"])
    if fields["outcome"] == "temporary" or fields["protocol"] is None:
        return None
    return Decision(
        at=datetime.fromisoformat(match["at"]),
        # Lines of before have Dovecot's name alone, which it cuts at 64 bytes.
        address=_parse_address(fields.get("address", match["name"])),
        network_address=match["ip"] and _canonical_address(match["ip"]),
        protocol=fields["protocol"],
        credential=fields["credential"],
        reason=fields["reason"] or "",
        # Lines of before there were limits on guessing do not say.
        is_guess=fields.get("again") is False,
        by_web_password=fields.get("webmail") is False,
    )


def _parse_address(address: str) -> str:
    """The address in lower case; ValueError for what no database can be asked for."""
    if not ADDRESS.fullmatch(address):
        message = "no address"
        raise ValueError(message)
    return address.lower()


@lru_cache(maxsize=10_000)
def _canonical_address(address: str) -> str:
    """The address as Python writes it; most addresses are seen again and again."""
    return str(ip_address(address))
