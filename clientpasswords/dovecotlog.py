"""Reading who logged on from Dovecot's log.

With Dovecot 2.3 it is the line that `deploy/dovecot/portal.lua` leaves of each
decision; with 2.4, which has no such script, the event that Dovecot itself exports as
JSON. Only a line that begins with Dovecot's own prefix counts: whatever a client types
cannot get there, and a line that merely contains our words is not ours.
"""

import json
import re
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from django.conf import settings

TIME = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) "
OURS = r"db-lua: portal (?P<fields>\{[^{}]*\})"
# 2026-11-23T21:33:10+0000 auth-worker(22): Info: conn unix:auth-worker (pid=9,uid=103):
# auth-worker<2>: lua(alice@example.com,192.0.2.7,<J/AeV/hgfrZ>): db-lua: portal {…}
LINE_2_3 = re.compile(
    TIME + r"auth-worker\(\d+\): Info: conn unix:auth-worker \(pid=\d+,uid=\d+\): "
    r"auth-worker<\d+>: lua\((?P<name>[^,()\s\0]*)"
    r"(?:,(?P<ip>[0-9a-fA-F.:]+))?(?:,<[^<>\s]*>)?\): " + OURS
)
# 2026-11-23T21:33:10+0000 auth-worker(alice@example.com,192.0.2.7)<22><J/AeV/hgfrZ>:
# request [2]: Info: lua: db-lua: portal {…}
LINE_2_4 = re.compile(
    TIME + r"auth-worker\((?P<name>[^,()\s\0]*)(?:,(?P<ip>[0-9a-fA-F.:]+))?\)"
    r"<\d+>(?:<[^<>\s]*>)?: request \[\d+\]: Info: lua: " + OURS
)
# 2026-11-23T21:33:10+0000 stats: Info: {"event":"auth_request_finished",…,"fields":{…}}
EVENT = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) stats: Info: (?P<event>\{.*\})"
)
# What Dovecot calls a service, and what the views call its protocol.
PROTOCOLS = {
    "imap": "imap",
    "pop3": "pop3",
    "smtp": "smtp",
    "submission": "smtp",
    "sieve": "imap",
}
LOGIN_NAME = re.compile(r"(?P<address>[^,()\s\0~]+)(?:~(?P<credential>\d+)[.\d]*)?")
# Why a logon failed, 2.4 does not say.
UNKNOWN = "refused"


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


def read(line: str) -> Decision | None:
    """The decision that a line of the log tells of; None for every other line.

    A line that a crash left damaged is none: whoever follows the log goes on behind it.
    """
    try:
        if match := LINE_2_3.fullmatch(line) or LINE_2_4.fullmatch(line):
            return _decision(match)
        if match := EVENT.fullmatch(line):
            return _event(match)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass
    return None


def _decision(match: re.Match[str]) -> Decision | None:
    fields = json.loads(match["fields"])
    if fields["outcome"] == "temporary" or fields["protocol"] is None:
        return None
    return Decision(
        at=datetime.fromisoformat(match["at"]),
        address=match["name"].lower(),
        network_address=match["ip"] and _in_one_form(match["ip"]),
        protocol=fields["protocol"],
        credential=fields["credential"],
        reason=fields["reason"] or "",
        # Lines of before there were limits on guessing do not say.
        is_guess=fields.get("again") is False,
        by_web_password=fields.get("webmail") is False,
    )


def _event(match: re.Match[str]) -> Decision | None:
    """What the event says; those of 2.3, with `service`, go along with our own line."""
    event = json.loads(match["event"])
    fields = event["fields"]
    protocol = PROTOCOLS.get(fields.get("protocol"))
    name = LOGIN_NAME.fullmatch(fields.get("user", ""))
    if (
        event["event"] != "auth_request_finished"
        or fields.get("error") == "internal failure"
        or protocol is None
        or name is None
    ):
        return None
    is_let_in = fields.get("success") == "yes"
    # Of who failed it is the client password whose first bits were the same.
    credential = name["credential"] if is_let_in else None
    told = fields.get("remote_ip")
    real = fields.get("real_remote_ip", told)
    is_by_webmail = real is not None and _is_in(real, tuple(settings.WEBMAIL_NETWORKS))
    return Decision(
        at=datetime.fromisoformat(match["at"]),
        address=name["address"].lower(),
        network_address=told and _in_one_form(told),
        protocol=protocol,
        credential=int(credential) if credential else None,
        reason="" if is_let_in else UNKNOWN,
        by_web_password=is_let_in and not credential and not is_by_webmail,
    )


@lru_cache(maxsize=10_000)
def _is_in(address: str, networks: tuple[str, ...]) -> bool:
    return any(ip_address(address) in ip_network(each) for each in networks)


@lru_cache(maxsize=10_000)
def _in_one_form(address: str) -> str:
    """The address as Python writes it; most addresses are seen again and again."""
    return str(ip_address(address))
