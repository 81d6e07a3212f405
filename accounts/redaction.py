"""Redaction of texts for the audit log, where nothing can be removed later.

People write secrets into reasons and names. Whatever looks like a secret of the portal
is replaced before it is stored.
"""

import re

from accounts.passwordformat import ALPHABET, GROUP_LENGTH, LENGTH

HIDDEN = "•••"
SYMBOL = f"[{ALPHABET}]"
GROUP = f"{SYMBOL}{{{GROUP_LENGTH}}}"
# Groups can be words, so at least one digit is required. So many characters without a
# blank are not a word.
SECURITY_PASSWORD = re.compile(
    rf"\b{SYMBOL}{{{LENGTH}}}\b"
    rf"|\b(?=[a-z -]*\d)(?:{GROUP}[ -]){{{LENGTH // GROUP_LENGTH - 1},}}{GROUP}\b",
    re.IGNORECASE,
)
HASH = re.compile(
    r"(?:\{[A-Z0-9.-]{3,}\})?\$[a-z0-9-]+\$\S{16,}|\{[A-Z0-9.-]{3,}\}\S{16,}"
)
API_TOKEN = re.compile(r"mpt_[0-9a-f]{12}_[\w-]+")
PHONE_NUMBER = re.compile(r"(?:\+|\b00)[1-9](?:[ ()/.-]{0,2}\d){6,14}")


def redact(text: str) -> str:
    """Return the text with phone numbers, hashes, passwords and tokens replaced.

    Of a phone number, the last two digits stay.
    """
    text = API_TOKEN.sub(HIDDEN, HASH.sub(HIDDEN, text))
    text = SECURITY_PASSWORD.sub(HIDDEN, text)
    return PHONE_NUMBER.sub(lambda found: f"+{HIDDEN}{found[0][-2:]}", text)
