"""A client password as text: make one, hash it, find it again. No database.

Sixteen symbols of 32 are 80 bits. The alphabet is lower case without the look-alikes
l, o, 0 and 1, and holds nothing that a mail program, a URL or a shell could misread.
"""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
LENGTH = 16


@sensitive_variables()
def generate() -> str:
    """A new random password: 256 is a multiple of 32, so no symbol is favoured."""
    return "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH))


@sensitive_variables()
def selector(password: str) -> str:
    """16 bits of SHA-256 in hexadecimal, by which a mail server finds the one hash.

    Sound for 80 random bits only: never make one of a password that a person chose.
    """
    return hashlib.sha256(password.encode()).hexdigest()[:4]


@sensitive_variables()
def hash_for_mail_server(password: str) -> str:
    """Argon2id in the PHC string format, which Dovecot reads as {ARGON2ID}.

    The cost is sized to the 80 bits of a generated secret (NIST SP 800-63B-4 allows a
    small work factor for random secrets) and is paid at every logon.
    """
    return _hasher().hash(password)


@sensitive_variables()
def matches(password: str, phc: str) -> bool:
    """Whether `phc` was made of `password`, as the mail server finds out."""
    try:
        return _hasher().verify(phc, password)
    except VerifyMismatchError:
        return False


@sensitive_variables()
def normalise(typed: str) -> str:
    """What somebody meant who typed capitals, or the blanks and hyphens of groups."""
    return "".join(typed.lower().split()).replace("-", "")


@sensitive_variables()
def could_be_one(text: str) -> bool:
    """Whether the text has the form of a client password."""
    return len(text) == LENGTH and set(text) <= set(ALPHABET)


def groups(password: str) -> list[str]:
    """Four by four, for showing; the blanks between are made by margins only."""
    return [password[start : start + 4] for start in range(0, LENGTH, 4)]


def _hasher() -> PasswordHasher:
    return PasswordHasher(
        time_cost=1,
        memory_cost=settings.CLIENT_PASSWORD_ARGON2_MEMORY,
        parallelism=1,
    )
