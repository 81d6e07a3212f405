"""The rule for mailboxes' homes in MAIL_HOME: the same as --home of deploy.render.

deploy/homes.py says of every rule what this module says; a test holds them to it.
"""

import re

KNOWN_PLACEHOLDERS = "only %u, %n and %d are known here"


def find_mistake(home: str) -> str:
    """Return what is wrong with a rule for homes, or nothing.

    Right is an absolute path with %u for the address, and %n and %d for what stands
    before and after its @, by which no two mailboxes have the same folder.
    """
    unknown = re.search(r"%(?![und])(\{[^}]*\}?|%\w?|[\w.]*)", home)
    parts = re.split("[/@]", home)
    by_parts = ("%n" in home and "%d" in home) and all(
        any(sign in part and other not in part for part in parts)
        for sign, other in (("%n", "%d"), ("%d", "%n"))
    )
    faults = [
        (not home, "is empty"),
        (not home.startswith("/"), "does not begin with /"),
        (home.endswith("/"), "ends with /"),
        (
            {"", ".", ".."} & set(home[1:].split("/")),
            "has an empty part, . or .. in it",
        ),
        (unknown, f"has {unknown and unknown[0]} in it; {KNOWN_PLACEHOLDERS}"),
        ("%u" not in home and not by_parts, "is one folder for several mailboxes"),
    ]
    return next((text for is_wrong, text in faults if is_wrong), "")
