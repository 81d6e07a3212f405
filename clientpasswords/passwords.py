"""Generate, hash and compare client passwords. No database.

`accounts.passwordformat` says which symbols they have, and how many.
"""

import hashlib
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from accounts.passwordformat import ALPHABET, GROUP_LENGTH, LENGTH


@sensitive_variables()
def generate() -> str:
    """Return a random password. 256 is a multiple of 32, so symbols are uniform."""
    return "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(LENGTH))


@sensitive_variables()
def selector(password: str) -> str:
    """Return 16 bits of SHA-256 in hexadecimal, by which mail servers find the hash.

    This is safe for 80 random bits only: never use it for a chosen password.
    """
    return hashlib.sha256(password.encode()).hexdigest()[:4]


@sensitive_variables()
def hash_for_mail_server(password: str) -> str:
    """Return an Argon2id hash in the PHC string format: Dovecot's {ARGON2ID}.

    The cost is sized to the 80 bits of a generated secret (NIST SP 800-63B-4 allows a
    small work factor for random secrets) and is paid at every logon.
    """
    return _hasher().hash(password)


@sensitive_variables()
def matches(password: str, phc: str) -> bool:
    """Whether `phc` is a hash of `password`, as the mail server verifies it."""
    try:
        return _hasher().verify(phc, password)
    except VerifyMismatchError:
        return False


@sensitive_variables()
def normalise(typed: str) -> str:
    """Return typed text in lower case, without white space and hyphens."""
    return "".join(typed.lower().split()).replace("-", "")


@sensitive_variables()
def could_be_one(text: str) -> bool:
    """Whether the text has the form of a client password."""
    return len(text) == LENGTH and set(text) <= set(ALPHABET)


def groups(password: str) -> list[str]:
    """Return the groups of symbols to show; margins separate them."""
    starts = range(0, LENGTH, GROUP_LENGTH)
    return [password[start : start + GROUP_LENGTH] for start in starts]


def _hasher() -> PasswordHasher:
    return PasswordHasher(
        time_cost=1,
        memory_cost=settings.CLIENT_PASSWORD_ARGON2_MEMORY,
        parallelism=1,
    )
