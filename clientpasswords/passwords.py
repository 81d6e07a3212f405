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

# Characters beyond ASCII that are neither letters nor digits: blanks, dashes, and what
# cannot be seen. The first and last of each range, as in `deploy/dovecot/typed.lua`.
SEPARATORS = (
    (0x80, 0xA0),
    (0xAD, 0xAD),
    (0xB7, 0xB7),
    (0x34F, 0x34F),
    (0x61C, 0x61C),
    (0x1680, 0x1680),
    (0x180B, 0x180E),
    (0x2000, 0x206F),
    (0x2212, 0x2212),
    (0x3000, 0x3002),
    (0xFE00, 0xFE0F),
    (0xFE58, 0xFE58),
    (0xFE63, 0xFE63),
    (0xFEFF, 0xFEFF),
    (0xFF61, 0xFF61),
    (0xE0000, 0xE007F),
)
# Full-width forms of ASCII, as Chinese and Japanese keyboards type them, from ! to ~.
FULL_WIDTH = range(0xFF01, 0xFF5F)
# No password may contain these: Dovecot refuses it without asking anybody.
REFUSED_BY_DOVECOT = frozenset("\x01\t\r\n")


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
    """Return the letters and digits of typed text, in lower case.

    All of them stay, so that a wrong one is never left out. What phones, programs and
    people put beside them goes, and full-width ones become those of ASCII.
    """
    return typed.translate(_MEANT)


@sensitive_variables()
def could_be_one(text: str) -> bool:
    """Whether the text has the form of a client password."""
    return len(text) == LENGTH and set(text) <= set(ALPHABET)


def groups(password: str) -> list[str]:
    """Return the groups of symbols to show; margins separate them."""
    starts = range(0, LENGTH, GROUP_LENGTH)
    return [password[start : start + GROUP_LENGTH] for start in starts]


def _meant(sign: str) -> str:
    return sign.lower() if sign.isalnum() else ""


def _translations() -> dict[int, str]:
    """Return by each character that does not stay what becomes of it."""
    found = {code: _meant(chr(code)) for code in range(0x80)}
    found |= {code: _meant(chr(code - 0xFEE0)) for code in FULL_WIDTH}
    for first, last in SEPARATORS:
        found |= dict.fromkeys(range(first, last + 1), "")
    return found


_MEANT = _translations()


def _hasher() -> PasswordHasher:
    return PasswordHasher(
        time_cost=1,
        memory_cost=settings.CLIENT_PASSWORD_ARGON2_MEMORY,
        parallelism=1,
    )
