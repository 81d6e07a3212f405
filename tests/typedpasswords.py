"""What people, phones and programs type for a client password, and what comes of it.

`typed_passwords.json` has the cases, for the portal's rule, the mail server's script,
and real mail servers. In a case, {0} to {3} are the groups of the password: {0C} in
capitals, {0T} with the first letter so, {0W} in full width, {0X} in both.
"""

import json
from pathlib import Path

from clientpasswords import passwords

OUTCOMES: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("typed_passwords.json").read_text()
)
TAKEN, REFUSED, REFUSED_BY_DOVECOT = OUTCOMES
TO_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def typed_as(secret: str, outcome: str) -> dict[str, str]:
    """Return by its name each way to type the password that has this outcome."""
    forms: dict[str, str] = {}
    for number, group in enumerate(passwords.groups(secret)):
        forms |= {
            f"{{{number}}}": group,
            f"{{{number}C}}": group.upper(),
            f"{{{number}T}}": group.capitalize(),
            f"{{{number}W}}": group.translate(TO_FULL_WIDTH),
            f"{{{number}X}}": group.upper().translate(TO_FULL_WIDTH),
        }
    return {name: _filled(text, forms) for name, text in OUTCOMES[outcome].items()}


def _filled(text: str, forms: dict[str, str]) -> str:
    for name, form in forms.items():
        text = text.replace(name, form)
    return text
