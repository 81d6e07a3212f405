"""What a client password is called: the name of its device or program."""

import re
import unicodedata
from collections.abc import Collection

from django.utils.translation import gettext as _

LONGEST = 64

# Joins emoji and letters of some scripts; every other invisible sign goes.
JOINERS = {"\u200c", "\u200d"}

# Letters and symbols by their category, and yet nothing is seen of them.
BLANKS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}

# The device that a name speaks of, in the portal's languages; the first one counts.
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
    """A name that is safe to show on one line, of at most 64 characters; never refused.

    Control characters, marks that turn the direction of writing, and unassigned or
    private signs are dropped, white space is folded; what is left empty is `default`.
    """
    # Some signs are white space as well as control characters: fold before dropping.
    folded = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text))
    kept = "".join(
        sign
        for sign in folded
        if sign in JOINERS or not unicodedata.category(sign).startswith("C")
    )
    visible = kept.strip()[:LONGEST].strip()
    return visible if any(_is_seen(sign) for sign in visible) else default


def suggest(user_agent: str, taken: Collection[str]) -> str:
    """A name for the device of this browser that is not `taken` yet."""
    return _unique_name(_guess_device(user_agent), taken)


def symbol(label: str) -> str:
    """The icon to show beside a name: a guess, for the eye only."""
    name = label.lower()
    for icon, words in SYMBOLS.items():
        if any(word in name for word in words):
            return icon
    return "key-round"


def apple_device(user_agent: str) -> str:
    """Which of Apple's devices takes a configuration profile here; empty if none.

    An iPad says that it is a Macintosh, unless it was told otherwise.
    """
    known = {"iPhone": "iPhone", "iPad": "iPad", "Macintosh": _("Mac or iPad")}
    return next((name for word, name in known.items() if word in user_agent), "")


def suggestions() -> list[str]:
    """Names to choose from with one click."""
    return [
        _("My iPhone"),
        _("My Android phone"),
        _("Office PC"),
        _("Laptop"),
        "Foxmail",
        "Thunderbird",
    ]


def _is_seen(sign: str) -> bool:
    """Whether it shows by itself: no joiner, no mark on another sign, no blank."""
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


def _unique_name(name: str, taken: Collection[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name} ({number})"
    return candidate
