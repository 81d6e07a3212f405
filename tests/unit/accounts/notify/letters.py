"""One event of each kind, with all that its mail could show, and how to read a mail."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

from accounts.events import Kind
from accounts.models import SecurityEvent
from accounts.notify.notices import FACTS, format_time

AT = datetime(2026, 11, 24, 12, 4, tzinfo=UTC)
LATER = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)
VALUES = {
    "device": "My <iPhone> & 'more'",
    "passkey": "Key & <ring>",
    "old": "+6•••••67",
    "new": "+6•••••89",
    "left": 9,
    "count": 20,
    "protocols": "imap smtp",
    "networks": "192.0.2.0/24 2001:db8::/48",
    "protocol": "imap",
    "loses": "imap client_networks",
}
OF_A_DEVICE = {"device", "protocols", "networks", "expires"}
OF_A_USE = {"device", "protocol"}
# What the places in the code that record them give; `test_every_fact` knows all facts.
DETAILS = {
    Kind.ISSUED: {"device"},
    Kind.LIMITED: OF_A_DEVICE,
    Kind.REVOKED: {"device"},
    Kind.REPLACED: OF_A_USE,
    Kind.SWITCHED_ON: set(),
    Kind.SWITCHED_OFF: set(),
    Kind.REQUIRED_SOON: {"required_from"},
    Kind.SUSPENDS_SOON: {"device", "suspends"},
    Kind.ENDS_SOON: {"device", "expires"},
    Kind.EXCEPTION_ENDS_SOON: {"until", "loses"},
    Kind.REACTIVATED: {"device"},
    Kind.PHONE_CHANGED: {"old", "new"},
    Kind.PASSWORD_CHANGED: set(),
    Kind.TWO_STEP_ON: set(),
    Kind.TWO_STEP_OFF: set(),
    Kind.TWO_STEP_CHANGED: set(),
    Kind.PASSKEY_ADDED: {"passkey"},
    Kind.PASSKEY_REMOVED: {"passkey"},
    Kind.RECOVERY_CODES_MADE: set(),
    Kind.RECOVERY_CODES_REMOVED: set(),
    Kind.RECOVERY_CODE_USED: {"left"},
    Kind.FIRST_USED: OF_A_USE,
    Kind.NEW_NETWORK: OF_A_USE,
    Kind.CODES_LOCKED: set(),
    Kind.REVOKED_TRIED: OF_A_USE,
    Kind.GUESSED: {"count", "protocol"},
}


def make_event(kind: Kind = Kind.ISSUED, **fields: Any) -> SecurityEvent:
    """Return an event, not stored; without `detail`, a device has the number 7."""
    names = DETAILS[kind]
    is_time = {name for name, (_label, write) in FACTS.items() if write is format_time}
    detail: dict[str, Any] = {
        name: LATER.isoformat() if name in is_time else VALUES[name] for name in names
    }
    if "device" in names:
        detail["credential"] = 7
    values = {
        "at": AT,
        "address": "alice@example.com",
        "actor": "alice@example.com",
        "network_address": "198.51.100.7",
        "detail": detail,
    }
    return SecurityEvent(kind=kind, **{**values, **fields})


class Reader(HTMLParser):
    """What somebody sees of the HTML, where its links lead, and its attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden = tag == "title"
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")

    def handle_endtag(self, tag: str) -> None:
        self._hidden = False

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.seen.append(data)


def keep_words(text: str) -> str:
    """Return letters and digits only: no white space, no punctuation, no addresses."""
    return re.sub(r"[\W_]+", "", re.sub(r"https?://\S+", "", text))
