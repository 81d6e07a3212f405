"""The labels of client passwords: names of devices or mail programs."""

import re
import unicodedata
from collections.abc import Collection

from django.utils.translation import gettext as _

LONGEST = 64

# Join emoji and letters of some scripts; other invisible characters are removed.
JOINERS = {"\u200c", "\u200d"}

# Letters and symbols by their Unicode category that are invisible.
BLANKS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}

# Words for devices in the languages of the portal; the first match counts.
SYMBOLS = {
    "smartphone": ("phone", "android", "手机", "手機", "handy"),
    "tablet": ("pad", "tablet"),
    "printer": ("scan", "print", "drucker"),
    "monitor": (
        "pc",
        "mac",
        "book",
        "laptop",
        "rechner",
        "电脑",
        "電腦",
        "outlook",
        "thunderbird",
        "foxmail",
    ),
}


def normalise(text: str, *, default: str) -> str:
    """Return a name of at most 64 characters that is safe to show on one line.

    Control characters, bidirectional marks, and unassigned or private characters are
    removed, and white space is collapsed. An empty result becomes `default`.
    """
    # Some characters are both white space and controls: collapse before removing.
    folded = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    kept = "".join(
        sign
        for sign in folded
        if sign in JOINERS or not unicodedata.category(sign).startswith("C")
    )
    visible = kept.strip()[:LONGEST].strip()
    return visible if any(_is_seen(sign) for sign in visible) else default


def suggest(user_agent: str, taken: Collection[str]) -> str:
    """Return a name for the device of this browser that is not in `taken`."""
    return make_unique(_guess_device(user_agent), taken)


def symbol(label: str) -> str:
    """Return the icon for a name, by a guess."""
    name = label.lower()
    for icon, words in SYMBOLS.items():
        if any(word in name for word in words):
            return icon
    return "key-round"


def apple_device(user_agent: str) -> str:
    """Return the Apple device that can install a profile; empty if it is none.

    By default an iPad identifies itself as a Macintosh.
    """
    known = {"iPhone": "iPhone", "iPad": "iPad", "Macintosh": _("Mac or iPad")}
    return next((name for word, name in known.items() if word in user_agent), "")


def _is_seen(sign: str) -> bool:
    """Whether it is visible by itself: no joiner, combining mark or blank."""
    return sign not in BLANKS and unicodedata.category(sign)[0] not in "CMZ"


def _guess_device(user_agent: str) -> str:
    known = {
        "iPhone": _("My iPhone"),
        "iPad": _("My iPad"),
        "Android": _("My Android phone"),
        "Macintosh": _("My Mac"),
        "Windows": _("My Windows PC"),
        "Linux": _("My Linux computer"),
    }
    for word, name in known.items():
        if word in user_agent:
            return name
    return _("My device")


def make_unique(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it if it is in `taken`."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate
