"""The check of MAIL_HOME, the pattern for the home folders of mailboxes.

deploy/homes.py checks the option --home of deploy.render in the same way; a test
compares the two.
"""

import re

KNOWN_PLACEHOLDERS = "only %u, %n and %d are known here"


def find_mistake(home: str) -> str:
    """Return what is wrong with a pattern for homes, or "".

    A pattern is an absolute path with %u for the address, or with %n and %d for the
    parts before and after its @. It must give each mailbox a folder of its own.
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
