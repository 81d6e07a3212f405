"""Parse the logon decisions in Dovecot's log.

`deploy/dovecot/portal.lua` logs one line for each decision. A line counts only if it
begins with Dovecot's own prefix, which a client cannot forge; a line that merely
contains our text is ignored. Dovecot 2.3 and 2.4 have different prefixes.
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
# The first "lua" is the name of the passdb: a host can have several.
LINE_2_4 = re.compile(
    TIMESTAMP + r"auth-worker\((?P<name>[^,()\s\0]*)(?:,(?P<ip>[0-9a-fA-F.:]+))?\)"
    r"<\d+>(?:<[^<>\s]*>)?: request \[\d+\]: Info: [\w-]+: " + PORTAL_FIELDS
)
# Addresses have no other characters, and no database accepts a NUL.
ADDRESS = re.compile(r"[!-~]+")


class Decision(NamedTuple):
    """One logon, as the mail server decided it."""

    at: datetime
    address: str
    network_address: str | None
    protocol: str
    credential: int | None
    reason: str  # empty if it was let in
    is_guess: bool = False  # a wrong password that did not fail there lately
    by_web_password: bool = False  # let in by it, but not through the webmail


def parse_line(line: str) -> Decision | None:
    """Return the decision in a line of the log; None for every other line.

    A line that a crash has damaged also gives None, so that followers skip it.
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
        # Older lines have the name in Dovecot's prefix only, cut at 64 bytes.
        address=_parse_address(fields.get("address", match["name"])),
        network_address=match["ip"] and _canonical_address(match["ip"]),
        protocol=fields["protocol"],
        credential=fields["credential"],
        reason=fields["reason"] or "",
        # Lines from before the limits on guesses have no such field.
        is_guess=fields.get("again") is False,
        by_web_password=fields.get("webmail") is False,
    )


def _parse_address(address: str) -> str:
    """Return the address in lower case; raise ValueError if it cannot be one."""
    if not ADDRESS.fullmatch(address):
        message = "no address"
        raise ValueError(message)
    return address.lower()


@lru_cache(maxsize=10_000)
def _canonical_address(address: str) -> str:
    """Return the IP address as Python writes it; cached, as most addresses repeat."""
    return str(ip_address(address))
