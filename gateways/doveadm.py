"""Dovecot's doveadm HTTP API: who is on line, whom to put off, what to forget.

https://doc.dovecot.org/2.3/admin_manual/doveadm_http_api/
"""

import base64
import ipaddress
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

import requests
from django.conf import settings

from gateways.loginnames import LoginName

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 1.0
_READ_SECONDS = 2.0

# An exit code of doveadm: nobody of that name is on line.
_NOT_FOUND = 68

# RFC 5322's atext; without the two signs that Dovecot takes as wildcards.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+/=^_`{|}~-]+@[A-Za-z0-9.-]+")
_MASK = re.compile(r"[A-Za-z0-9.!#$%&'+/=^_`{|}~@*?-]+")


class Reason(StrEnum):
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    GARBLED = "garbled"


class DoveadmError(Exception):
    """The node did not say that it has done it."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Connection:
    """A session on line; `username` is the login name, `address~id` for a device's."""

    username: str
    service: str
    pid: int
    ip: str


@dataclass(frozen=True)
class Kick:
    """Which sessions to end.

    Args:
        mask: A login name, with the wildcards `*` and `?`.
        ip: Only those from this address or network.
        protocol: Only those of "imap", "pop3" or "smtp". The node needs the sockets
            of deploy/dovecot/sessions.conf for it.
    """

    mask: str
    ip: str | None = None
    protocol: str | None = None


_Row = Mapping[str, Any]
_Command = tuple[str, Mapping[str, object]]


def kick(url: str, which: Kick) -> int:
    """End these sessions.

    Returns:
        How many login names were on line; Dovecot 2.4 says how many sessions.

    Raises:
        DoveadmError: Sessions may still be on line.
        ValueError: The mask holds a character that no login name has, or the IP address
            is none.
    """
    (rows,) = _run_commands(url, _build_kick(which))
    return _count_kicked(rows)


def list_sessions(url: str, mask: str) -> list[Connection]:
    """List the sessions whose login name matches `mask`.

    Raises:
        DoveadmError: The node did not say.
        ValueError: `mask` holds a character that no login name has.
    """
    command = (
        "who",
        {"separateConnections": True, "mask": [_require_match(mask, _MASK)]},
    )
    (rows,) = _run_commands(url, command)
    return [
        Connection(
            username=_read_text(row, "username"),
            service=_read_text(row, "service"),
            pid=_read_number(row, "pid"),
            ip=_read_text(row, "ip"),
        )
        for row in rows
    ]


def flush_cache(url: str, address: str) -> int:
    """Make the node forget what it remembers of the logons of `address`.

    Args:
        url: The node's.
        address: As typed at a logon, without a device's suffix.

    Returns:
        How many entries it forgot.

    Raises:
        DoveadmError: It may still remember.
        ValueError: `address` is none, or holds a wildcard.
    """
    (rows,) = _run_commands(url, _build_flush(address))
    return sum(_read_number(row, "entries") for row in rows)


def cut_off(url: str, kicks: Sequence[Kick]) -> int:
    """Flush the cache for the addresses of `kicks`, then end those, in one request.

    The flush comes first, so that nobody kicked gets back in by the cache.

    Returns:
        As `kick`.

    Raises:
        DoveadmError: Sessions may still be on line, or the cache may still remember.
        ValueError: As `flush_cache` and `kick`.
    """
    addresses = dict.fromkeys(LoginName.parse(each.mask).address for each in kicks)
    flushes = [_build_flush(address) for address in addresses]
    rows = _run_commands(url, *flushes, *(_build_kick(each) for each in kicks))
    return sum(_count_kicked(each) for each in rows[len(flushes) :])


def _build_kick(which: Kick) -> _Command:
    masks = [_require_match(which.mask, _MASK)]
    if which.ip is not None:
        masks.append(str(ipaddress.ip_network(which.ip, strict=False)))
    if which.protocol is None:
        return "kick", {"mask": masks}
    # Seen from Dovecot's folder of sockets, where its services run. It must have a
    # slash: 2.3 takes anything else for the name of a host.
    return "kick", {"mask": masks, "socketPath": f"./portal-{which.protocol}"}


def _count_kicked(rows: Sequence[_Row]) -> int:
    """A row for each login name says 2.3, one row with a count says 2.4."""
    return sum(_read_number(row, "count") if "count" in row else 1 for row in rows)


def _build_flush(address: str) -> _Command:
    return "authCacheFlush", {"user": [_require_match(address, _ADDRESS)]}


def _require_match(name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name):
        raise ValueError("No address, or no mask of one.")
    return name


def _run_commands(url: str, *commands: _Command) -> list[list[_Row]]:
    """Have the node run `commands` in this order; return the rows of each."""
    body = [(*command, str(tag)) for tag, command in enumerate(commands)]
    status, text = _post(url, body)
    if status == HTTPStatus.UNAUTHORIZED:
        raise _log_failure(Reason.CREDENTIALS)
    if status != HTTPStatus.OK:
        raise _log_failure(Reason.REFUSED, status)
    results = _parse_json(text)
    if not isinstance(results, list) or len(results) != len(body):
        raise _log_failure(Reason.GARBLED)
    has_cache = not any(_is_from_2_4(result) for result in results)
    return [
        _read_rows(name, tag, result, has_cache=has_cache)
        for (name, _, tag), result in zip(body, results, strict=True)
    ]


def _post(url: str, body: object) -> tuple[int, bytes]:
    key = base64.b64encode(settings.DOVEADM_API_KEY.encode()).decode()
    with requests.Session() as session:
        # A node of ours: no proxy on the way, and no .netrc that replaces our header.
        session.trust_env = False
        try:
            # `requests` asks to keep the connection alive. Asked to close it, Dovecot
            # 2.3 never answers a wrong key.
            answer = session.post(
                url,
                json=body,
                headers={"Authorization": f"X-Dovecot-API {key}"},
                timeout=(_CONNECT_SECONDS, _READ_SECONDS),
                allow_redirects=False,
            )
        except requests.Timeout:
            reason = Reason.TIMEOUT
        except requests.RequestException:
            reason = Reason.UNREACHABLE
        else:
            # Not the answer itself, which would keep the connection open.
            return answer.status_code, answer.content
    # Not inside a handler: the context would carry the words of others.
    raise _log_failure(reason)


def _parse_json(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_from_2_4(result: object) -> bool:
    """Whether this is what Dovecot 2.4 says to a kick."""
    match result:
        case ["doveadmResponse", [{"count": str()}], _]:
            return True
    return False


def _read_rows(name: str, tag: str, result: object, *, has_cache: bool) -> list[_Row]:
    match result:
        case ["doveadmResponse", [*results], str(echo)] if echo == tag:
            rows: list[_Row] = [row for row in results if isinstance(row, dict)]
            if len(rows) == len(results):
                return rows
        case ["error", {"exitCode": int(code), **error}, str(echo)] if echo == tag:
            if name == "kick" and code == _NOT_FOUND:
                return []
            # In 2.4 there is nothing to flush, and our configuration allows no flush.
            kind = error.get("type")
            if name == "authCacheFlush" and kind == "unAuthorized" and not has_cache:
                return []
            raise _log_failure(Reason.REFUSED, f"{name} {code}")
    raise _log_failure(Reason.GARBLED)


def _read_text(row: _Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise _log_failure(Reason.GARBLED)
    return value


def _read_number(row: _Row, name: str) -> int:
    text = _read_text(row, name)
    if not text.isdecimal():
        raise _log_failure(Reason.GARBLED)
    return int(text)


def _log_failure(reason: Reason, detail: int | str = "-") -> DoveadmError:
    logger.warning("doveadm: %s (%s)", reason, detail)
    return DoveadmError(reason)
