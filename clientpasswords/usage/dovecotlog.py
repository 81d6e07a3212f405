"""Parse the logon decisions in Dovecot's log.

`deploy/dovecot/portal.lua` logs one line for each decision. Some logons Dovecot refuses
before it asks the script: it does not pass on a password with a tab or a line break,
nor a name with a character that `auth_username_chars` does not have. Of those it logs a
line of its own, which says less.

A line counts only if it begins with Dovecot's own prefix, which a client cannot forge,
and ends as Dovecot ends it; a line that merely contains our text is ignored. Dovecot
2.3 and 2.4 have different prefixes.
"""

import json
import re
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

from accounts import addresses
from accounts.models.protocols import PROTOCOLS
from clientpasswords.refusals import CONTROL_CHARACTERS, ILLEGAL_NAME, UNKNOWN_ACCOUNT

TIMESTAMP = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}) "
PORTAL_FIELDS = r"db-lua: portal (?P<fields>\{[^{}]*\})"
# Who, from where, and in which session: Postfix has no sessions of Dovecot.
NAME, IP = r"(?P<name>[^,()\0]*)", r"(?P<ip>[0-9a-fA-F.:]+)"
SESSION = r"<(?P<session>[^<>\s]*)>"
# 2026-11-23T21:33:10+0000 auth-worker(22): Info: conn unix:auth-worker (pid=9,uid=103):
# auth-worker<2>: lua(alice@example.com,192.0.2.7,<J/AeV/hgfrZ>): db-lua: portal {…}
LINE_2_3 = re.compile(
    TIMESTAMP + r"auth-worker\(\d+\): Info: conn unix:auth-worker \(pid=\d+,uid=\d+\): "
    rf"auth-worker<\d+>: lua\({NAME}(?:,{IP})?(?:,{SESSION})?\): " + PORTAL_FIELDS
)
# 2026-11-23T21:33:10+0000 auth-worker(alice@example.com,192.0.2.7)<22><J/AeV/hgfrZ>:
# request [2]: Info: lua: db-lua: portal {…}
# The first "lua" is the name of the passdb: a host can have several.
LINE_2_4 = re.compile(
    TIMESTAMP + rf"auth-worker\({NAME}(?:,{IP})?\)"
    rf"<\d+>(?:{SESSION})?: request \[\d+\]: Info: [\w-]+: " + PORTAL_FIELDS
)
# What Dovecot refused by itself. 2.3 does not say whose the password was:
# 2026-11-30T12:52:34+0000 auth: Info: Attempted login with password having illegal …
# 2026-11-30T12:54:50+0000 auth(alice@example.com,192.0.2.7,sasl:plain)<1ehQ6n1h06R>:
# Info: Attempted login with password having illegal chars
SENDING = next(each.key for each in PROTOCOLS if each.sends)
ILLEGAL_CHARS = "Attempted login with password having illegal chars"
ILLEGAL_2_3 = re.compile(TIMESTAMP + rf"auth: Info: {ILLEGAL_CHARS}")
PREFIX_2_4 = rf"auth\({NAME},{IP},sasl:[\w-]+\)(?:{SESSION})?: Info: "
ILLEGAL_2_4 = re.compile(TIMESTAMP + PREFIX_2_4 + ILLEGAL_CHARS)
# 2026-11-30T12:58:42+0000 auth: Info: plain(?,192.0.2.7,<070l8n1hWbt>): Username
# character disallowed by auth_username_chars: 0x20 (username: alice@example.com )
# 2026-11-30T13:00:30+0000 auth(?,192.0.2.7,sasl:plain)<jFiq+31hkYR>: Info: plain: …
BAD_NAME = (
    r"Username character disallowed by auth_username_chars: 0x[0-9a-f]{2} "
    r"\(username: (?P<meant>[^()]*)\)"
)
BAD_NAME_2_3 = re.compile(
    TIMESTAMP + rf"auth: Info: [\w-]+\({NAME},{IP}(?:,{SESSION})?\): " + BAD_NAME
)
BAD_NAME_2_4 = re.compile(TIMESTAMP + PREFIX_2_4 + r"[\w-]+: " + BAD_NAME)
# How the login process ends a connection on which a logon failed, with the protocol:
# 2026-11-30T12:52:35+0000 imap-login: Info: Disconnected: Connection closed (auth
# failed, 1 attempts in 1 secs): user=<alice@example.com>, method=PLAIN, rip=192.0.2.7,
# lip=192.0.2.1, TLS, session=<v0s24n1hi+N>, device=
# Dovecot 2.4 has "Login aborted", and "(auth_failed)" before the colon. A program that
# hangs up hard: "Connection closed: read(size=986) failed: Connection reset by peer".
LOGIN_ENDED = re.compile(
    TIMESTAMP + r"(?P<service>[a-z0-9]+)-login: Info: "
    r"(?:Disconnected|Login aborted|Aborted login)[^<>]*"
    r"\(auth failed, (?P<tries>\d+) attempts in (?P<seconds>\d+) secs\)"
    r"(?: \([a-z_]+\))?: user=<(?P<name>[^<>,()\0]*)>, method=[\w-]+, "
    rf"rip={IP}, lip=[0-9a-fA-F.:]+(?:, (?:secured|TLS(?:: [^<>,]*)?))?, "
    rf"session={SESSION}(?:, ?(?:device=)?)?"
)
# What else Dovecot 2.3 says of a logon that it refuses by itself: no name, for example.
OTHER_2_3 = re.compile(TIMESTAMP + rf"auth: Info: [\w-]+\([^<>]*,{SESSION}\): .*")
PROCESS = len("2026-11-30T12:52:34+0000 ")  # where the name of the process begins
# Addresses have no other characters, and no database accepts a NUL.
ADDRESS = re.compile(r"[!-~]+")
PROTOCOLS_BY_SERVICE = {
    name: each.key
    for each in PROTOCOLS
    for name in (*each.logon_services, *each.session_services)
}


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
    is_as_typed: bool = False  # the address may be anything, and of no mailbox


def parse_line(line: str) -> Decision | None:
    """Return the script's decision in a line of the log; None for every other line.

    A line that a crash has damaged also gives None, so that followers skip it.
    """
    match = LINE_2_3.fullmatch(line) or LINE_2_4.fullmatch(line)
    return match and _parse_decision(match)


def _parse_decision(match: re.Match[str]) -> Decision | None:
    try:
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
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


class Refused(NamedTuple):
    """A logon that Dovecot refused by itself, until its protocol is known."""

    reason: str
    name: str
    ip: str | None


MOST_KEPT = 10_000  # sessions, and passwords of nobody
# How far the times of two lines about one logon may differ.
LINES_APART = timedelta(seconds=2)


class Ended(NamedTuple):
    """A connection that has ended, with failures of which nothing was said yet."""

    at: datetime
    began: datetime
    protocol: str
    refused: Refused  # what such a failure is, if Dovecot refused the password
    tries: int  # of which nothing was said

    def may_have_failed(self, at: datetime) -> bool:
        """Whether a line of this time can be about this connection."""
        return self.began - LINES_APART <= at <= self.at + LINES_APART


class Reader:
    """Reads the lines of one log in their order, for one line may need another.

    The lines of what Dovecot refuses by itself have no protocol; that is in the line of
    the login process, written when the client hangs up. It is found by the session. In
    Dovecot 2.3 a password that is refused has no session either: the connection that
    failed then, and of which nothing else was said, is taken for its own. What came by
    Postfix has no session and no such line: 2.3 does not say whose it was.

    Two processes write the two lines, and a busy machine may swap them.

    What is known is kept in memory, for a bounded number of connections. After a start
    nothing is concluded of connections that began before.
    """

    def __init__(self) -> None:
        self._known_since: datetime | None = None
        self._refused: dict[str, list[Refused]] = {}
        self._explained: dict[str, tuple[datetime, int]] = {}
        self._of_nobody: deque[datetime] = deque(maxlen=MOST_KEPT)
        self._ended: dict[str, Ended] = {}

    def read(self, line: str) -> Iterator[Decision]:
        """Yield what the line completes: one decision, seldom more, mostly none."""
        try:
            if line.startswith("auth-worker(", PROCESS):
                yield from self._read_worker(line)
            elif line.startswith("auth", PROCESS):
                yield from self._read_auth(line)
            elif "(auth failed, " in line and (match := LOGIN_ENDED.fullmatch(line)):
                yield from self._end(match)
        except (KeyError, OverflowError, ValueError):  # damaged by a crash
            return

    def _read_worker(self, line: str) -> Iterator[Decision]:
        """Yield the script's decision, which explains a try of its session.

        The script looks up no name that has a control character.
        """
        match = LINE_2_3.fullmatch(line) or LINE_2_4.fullmatch(line)
        decision = match and _parse_decision(match)
        if match is None:
            return
        if decision is not None:
            yield decision
            if decision.reason == UNKNOWN_ACCOUNT and "?" in match["name"]:
                refused = Refused(ILLEGAL_NAME.key, match["name"], match["ip"])
                yield from _make_decisions(decision.at, decision.protocol, [refused])
        if match["session"]:
            self._explain(match)

    def _read_auth(self, line: str) -> Iterator[Decision]:
        """Keep what Dovecot refuses by itself."""
        if match := ILLEGAL_2_3.fullmatch(line):
            yield from self._keep_of_nobody(self._note_time(match))
        elif match := ILLEGAL_2_4.fullmatch(line):
            refused = Refused(CONTROL_CHARACTERS.key, match["name"], match["ip"])
            yield from self._keep(match, refused)
        elif match := BAD_NAME_2_3.fullmatch(line) or BAD_NAME_2_4.fullmatch(line):
            refused = Refused(ILLEGAL_NAME.key, match["meant"], match["ip"])
            yield from self._keep(match, refused)
        elif match := OTHER_2_3.fullmatch(line):
            self._explain(match)

    def _note_time(self, match: re.Match[str]) -> datetime:
        at = datetime.fromisoformat(match["at"])
        if self._known_since is None:
            self._known_since = at
        return at

    def _keep(self, match: re.Match[str], refused: Refused) -> Iterator[Decision]:
        """Keep it until the login process names the protocol; by Postfix it is SMTP."""
        at, session = self._note_time(match), match["session"]
        if not session:
            yield from _make_decisions(at, SENDING, [refused])
        elif ended := self._take_try(session):
            yield from _make_decisions(ended.at, ended.protocol, [refused])
        else:
            self._refused.setdefault(session, []).append(refused)
            while len(self._refused) > MOST_KEPT:
                del self._refused[next(iter(self._refused))]

    def _keep_of_nobody(self, at: datetime) -> Iterator[Decision]:
        """Keep it until a connection ends; or it is of one that has just ended."""
        for session, each in self._ended.items():
            is_known = self._known_since is not None and each.began >= self._known_since
            if is_known and each.may_have_failed(at):
                self._take_try(session)
                yield from _make_decisions(each.at, each.protocol, [each.refused])
                return
        self._of_nobody.append(at)

    def _explain(self, match: re.Match[str]) -> None:
        at, session = self._note_time(match), match["session"]
        if self._take_try(session):
            return
        tries = self._explained.pop(session, (at, 0))[1]
        self._explained[session] = (at, tries + 1)
        while len(self._explained) > MOST_KEPT:
            session = next(iter(self._explained))
            self._known_since = self._explained.pop(session)[0]

    def _end(self, match: re.Match[str]) -> Iterator[Decision]:
        at = self._note_time(match)
        self._forget_before(at)
        refused = self._refused.pop(match["session"], [])
        explained = self._explained.pop(match["session"], (at, 0))[1] + len(refused)
        ended = Ended(
            at=at,
            began=at - timedelta(seconds=int(match["seconds"])),
            protocol=PROTOCOLS_BY_SERVICE[match["service"]],
            refused=Refused(CONTROL_CHARACTERS.key, match["name"], match["ip"]),
            tries=int(match["tries"]) - explained,
        )
        if self._known_since is not None and ended.began >= self._known_since:
            while ended.tries > 0 and self._take_one_of_nobody(ended):
                refused.append(ended.refused)
                ended = ended._replace(tries=ended.tries - 1)
        if ended.tries > 0:
            self._ended[match["session"]] = ended
        yield from _make_decisions(at, ended.protocol, refused)

    def _forget_before(self, at: datetime) -> None:
        """Forget what no connection that ends now can be about."""
        while self._of_nobody and self._of_nobody[0] < at - timedelta(minutes=10):
            self._of_nobody.popleft()
        while self._ended:
            session, oldest = next(iter(self._ended.items()))
            if len(self._ended) < MOST_KEPT and oldest.at >= at - LINES_APART:
                break
            del self._ended[session]

    def _take_one_of_nobody(self, ended: Ended) -> bool:
        """Whether a password of nobody was refused in this time; it is taken."""
        for at in self._of_nobody:
            if ended.may_have_failed(at):
                self._of_nobody.remove(at)
                return True
        return False

    def _take_try(self, session: str) -> Ended | None:
        """Return the connection that has ended, if it has a try to explain; take it."""
        ended = self._ended.pop(session, None)
        if ended is not None and ended.tries > 1:
            self._ended[session] = ended._replace(tries=ended.tries - 1)
        return ended


def _make_decisions(
    at: datetime, protocol: str, refused: list[Refused]
) -> Iterator[Decision]:
    """Yield the refusals of names that may be addresses.

    Dovecot writes "?" for what cannot be printed, which is nothing of an address.
    """
    for each in refused:
        address = addresses.normalise(each.name.strip("? "))
        if "@" in address and ADDRESS.fullmatch(address):
            yield Decision(
                at=at,
                address=address,
                network_address=each.ip and _canonical_address(each.ip),
                protocol=protocol,
                credential=None,
                reason=each.reason,
                is_as_typed=True,
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
