"""A client for Dovecot's doveadm HTTP API: list and end sessions, flush the cache.

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

# doveadm's exit code if no session has that name.
_NOT_FOUND = 68

# RFC 5322's atext, without Dovecot's two wildcards.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'+/=^_`{|}~-]+@[A-Za-z0-9.-]+")
_MASK = re.compile(r"[A-Za-z0-9.!#$%&'+/=^_`{|}~@*?-]+")


class Reason(StrEnum):
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    GARBLED = "garbled"


class DoveadmError(Exception):
    """The mail server did not confirm the command."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Connection:
    """A session; `username` is the logon name (see `gateways.loginnames`)."""

    username: str
    service: str
    pid: int
    ip: str


@dataclass(frozen=True)
class Kick:
    """Which sessions to end.

    Args:
        mask: A logon name, with the wildcards `*` and `?`.
        ip: Only those from this address or network.
        protocol: Only those of this protocol, by its key. The mail server needs the
            sockets of deploy/dovecot/sessions.conf for it.
    """

    mask: str
    ip: str | None = None
    protocol: str | None = None


_Row = Mapping[str, Any]
_Command = tuple[str, Mapping[str, object]]


def kick(url: str, which: Kick) -> int:
    """End these sessions.

    Returns:
        The number of logon names that had sessions; from Dovecot 2.4, the number of
        sessions.

    Raises:
        DoveadmError: Some sessions may continue.
        ValueError: The mask contains a character that no logon name has, or the IP
            address is invalid.
    """
    (rows,) = _run_commands(url, _build_kick(which))
    return _count_kicked(rows)


def list_sessions(url: str, mask: str) -> list[Connection]:
    """List the sessions whose logon name matches `mask`.

    Raises:
        DoveadmError: The mail server did not answer with a list.
        ValueError: `mask` contains a character that no logon name has.
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
    """Flush the authentication cache of a mail server for one address.

    Args:
        url: The URL of the mail server's doveadm.
        address: The address as typed at a logon, without the suffix of a credential.

    Returns:
        The number of flushed entries.

    Raises:
        DoveadmError: The cache may still contain entries.
        ValueError: `address` is invalid, or contains a wildcard.
    """
    (rows,) = _run_commands(url, _build_flush(address))
    return sum(_read_number(row, "entries") for row in rows)


def cut_off(url: str, kicks: Sequence[Kick]) -> int:
    """Flush the cache for the addresses of `kicks`, then end those, in one request.

    The flush comes first, so that no ended session can log on again from the cache.

    Returns:
        See `kick`.

    Raises:
        DoveadmError: Some sessions may continue, or the cache may contain entries.
        ValueError: See `flush_cache` and `kick`.
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
    # Relative to Dovecot's folder of sockets. It must contain a slash: Dovecot 2.3
    # takes any other text for the name of a host.
    return "kick", {"mask": masks, "socketPath": f"./portal-{which.protocol}"}


def _count_kicked(rows: Sequence[_Row]) -> int:
    """Return the count in one row (Dovecot 2.4), or the number of rows (2.3)."""
    return sum(_read_number(row, "count") if "count" in row else 1 for row in rows)


def _build_flush(address: str) -> _Command:
    return "authCacheFlush", {"user": [_require_match(address, _ADDRESS)]}


def _require_match(name: str, pattern: re.Pattern[str]) -> str:
    if not pattern.fullmatch(name):
        raise ValueError("No address, or no mask of one.")
    return name


def _run_commands(url: str, *commands: _Command) -> list[list[_Row]]:
    """Run the commands in this order, in one request; return the rows of each."""
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
        # It is our own server: use no proxy, and no .netrc that replaces our header.
        session.trust_env = False
        try:
            # `requests` asks to keep the connection alive. If asked to close it,
            # Dovecot 2.3 never answers a wrong key.
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
            # The answer itself would keep the connection open.
            return answer.status_code, answer.content
    # Raised outside the handlers, whose exception could repeat secrets as its context.
    raise _log_failure(reason)


def _parse_json(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _is_from_2_4(result: object) -> bool:
    """Return whether this is Dovecot 2.4's answer to a kick."""
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
            # With 2.4 there is no cache, and our configuration refuses the command.
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
