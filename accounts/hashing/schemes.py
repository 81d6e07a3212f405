"""Conversion of password hashes between Dovecot's format and Django's.

Dovecot writes the scheme in braces before the hash, and Django writes the name of a
hasher. One column stores a form that converts to both, so that an imported password
works in the portal and on the mail server. No message repeats the input, because it may
be a password in clear text instead of a hash.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MAX_LENGTH = 128  # characters, the length of `Account.password`
# With higher costs, one guess would take a core seconds, or more memory than Dovecot's
# workers have (`vsz_limit` in deploy/dovecot).
MAX_ROUNDS = 1_000_000
BCRYPT_COSTS = range(4, 16)
MAX_ARGON2_PASSES = 10
MAX_ARGON2_MEMORY = 256 * 1024  # KiB

# Dovecot's schemes that store the password itself, or let it be computed.
CLEAR_TEXT_SCHEMES = frozenset(
    {"PLAIN", "CLEAR", "CLEARTEXT", "PLAIN-TRUNC", "OTP", "RPA", "LANMAN", "NTLM"}
)
# Hashes that can be guessed billions of times per second, and must not be used.
WEAK_SCHEMES = frozenset(
    {
        "DES-CRYPT",
        "MD5-CRYPT",
        "SMD5",
        "LDAP-MD5",
        "MD5",
        "PLAIN-MD4",
        "PLAIN-MD5",
        "CRAM-MD5",
        "DIGEST-MD5",
        "HMAC-MD5",
        "SHA",
        "SHA1",
        "SSHA",
        "SHA256",
        "SHA512",
        "NT hash",
        "Apache's MD5",
        "Sun's MD5",
        "SHA1-CRYPT",
        "MySQL's hash",
    }
)
# Scheme names that messages may repeat. Other text in braces may be the beginning of a
# password.
KNOWN_SCHEMES = (
    CLEAR_TEXT_SCHEMES
    | WEAK_SCHEMES
    | {"CRYPT", "SHA256-CRYPT", "ARGON2I", "SCRAM-SHA-1", "SCRAM-SHA-256"}
)
# The prefixes of hashes that other programs make, with the names of the schemes.
FOREIGN_PREFIXES = {
    "$1$": "MD5-CRYPT",
    "$5$": "SHA256-CRYPT",
    "$7$": "scrypt",
    "$y$": "yescrypt",
    "$gy$": "gost-yescrypt",
    "$3$": "NT hash",
    "$sha1$": "SHA1-CRYPT",
    "$apr1$": "Apache's MD5",
    "$md5": "Sun's MD5",
    "$2x$": "bcrypt of a broken kind",
    "$2$": "bcrypt of an old kind",
    "$argon2i$": "ARGON2I",
    "$argon2d$": "Argon2d",
    "$scrypt$": "scrypt",
    "$bcrypt-sha256$": "bcrypt-sha256",
    "$pbkdf2": "PBKDF2 of passlib",
    "$P$": "phpass",
    "$H$": "phpass",
    "$S$": "Drupal's hash",
    "argon2$argon2": "Argon2 of Django",
    "bcrypt$": "bcrypt of Django",
    "bcrypt_sha256$": "bcrypt-sha256 of Django",
    "pbkdf2_sha1$": "PBKDF2 of Django",
    "pbkdf2_sha256$": "PBKDF2 of Django",
    "scrypt$": "scrypt of Django",
}
BRACES = re.compile(r"\{([A-Za-z0-9.-]+)\}(.*)", re.DOTALL)
# The suffixes by which Dovecot names the encoding of a hash: `{SSHA512.HEX}`.
ENCODING_SUFFIXES = (".B64", ".BASE64", ".HEX")
# Values that no password fits: `passwd --lock` puts ! before a hash, system accounts
# have *, and x means that the hash is in another file.
LOCKED = re.compile(r"(?:[!*].*|x)?", re.DOTALL)
MYSQL_HASH = re.compile(r"\*[0-9A-Fa-f]{40}")


class UnusableHash(Exception):
    """The text cannot be imported as a hash; the message says why, without it."""


@dataclass(frozen=True)
class Scheme:
    """A hashing scheme: Dovecot's name, Django's name, and a test of the format."""

    dovecot: str
    django: str
    is_well_formed: Callable[[str], bool]

    def to_django(self, hash_: str) -> str:
        """Return the hash in the form that `Account.password` stores."""
        joint = "" if hash_.startswith("$") else "$"
        return f"{self.django}{joint}{hash_}"


def is_locked(text: str) -> bool:
    """Return whether this text in place of a hash locks the account.

    These do: an empty text, `x`, and all that begins with `!` or `*`. A scheme in
    braces may precede it, except for a scheme of clear text.
    """
    found = BRACES.fullmatch(text)
    if found and found[1].upper() in CLEAR_TEXT_SCHEMES:
        return False
    rest = found[2] if found else text
    return bool(LOCKED.fullmatch(rest)) and not MYSQL_HASH.fullmatch(rest)


def convert_to_django(text: str) -> str:
    """Convert Dovecot's `{SCHEME}hash` to the form that `Account.password` stores.

    The scheme is optional before hashes whose prefix names it: `$argon2id$`, `$2y$`,
    `$6$`.

    Raises:
        UnusableHash: the portal and Dovecot cannot both verify it.
    """
    found = BRACES.fullmatch(text)
    name, hash_ = (found[1].upper(), found[2]) if found else ("", text)
    if name in {"", "CRYPT"}:
        name = next((s for mark, s in PREFIXES.items() if hash_.startswith(mark)), name)
    if name not in BY_NAME:
        raise UnusableHash(_explain_refusal(name, hash_))
    scheme = BY_NAME[name]
    if not scheme.is_well_formed(hash_):
        raise UnusableHash(f"not a {name} hash, or one that is too costly to verify")
    kept = scheme.to_django(hash_)
    if len(kept) > MAX_LENGTH:
        raise UnusableHash(f"the {name} hash is longer than can be kept")
    return kept


def _explain_refusal(name: str, hash_: str) -> str:
    """Return why a hash cannot be imported, without repeating any of it.

    `name` is the scheme in braces before the hash, in capitals; "" if there is none.
    """
    if name in CLEAR_TEXT_SCHEMES:
        return f"{name} is no hash: passwords in clear text are not taken over"
    called = name if name not in {"", "CRYPT"} else _identify_scheme(hash_, name)
    if not called:
        return "no hash scheme in braces before it: it may be in clear text"
    plain, dot, _suffix = called.partition(".")
    if (
        dot
        and plain in KNOWN_SCHEMES | set(BY_NAME)
        and called.endswith(ENCODING_SUFFIXES)
    ):
        return f"{called} is not taken over: only what is written as {TAKEN_OVER} is"
    mark = next(
        (f" ({each})" for each in FOREIGN_PREFIXES if hash_.startswith(each)), ""
    )
    if called in WEAK_SCHEMES:
        return f"{called}{mark} is not taken over, being too weak: {TAKEN_OVER} are"
    if called not in KNOWN_SCHEMES and called not in FOREIGN_PREFIXES.values():
        return f"unknown hash scheme: {TAKEN_OVER} are taken over, not this one"
    why = "the portal and Dovecot cannot both verify it"
    return f"{called}{mark} is not taken over, as {why}: {TAKEN_OVER} are"


def _identify_scheme(hash_: str, name: str) -> str:
    """Return the name of the scheme by the hash itself, or `name` if it is unknown."""
    if MYSQL_HASH.fullmatch(hash_):
        return "MySQL's hash"
    if name == "CRYPT" and re.fullmatch(r"[./A-Za-z0-9]{13}", hash_):
        return "DES-CRYPT"
    return next(
        (s for mark, s in FOREIGN_PREFIXES.items() if hash_.startswith(mark)), name
    )


def convert_to_dovecot(password: str) -> str | None:
    """Convert a value of `Account.password` to Dovecot's `{SCHEME}hash`.

    Return None if the account has no password that Dovecot can verify.
    """
    _django, _joint, rest = password.partition("$")
    for scheme in SCHEMES:
        for hash_ in (f"${rest}", rest):
            if scheme.to_django(hash_) == password and scheme.is_well_formed(hash_):
                return f"{{{scheme.dovecot}}}{hash_}"
    return None


def digest_hash(password: str) -> str:
    """Return a digest by which the next import recognises the same hash.

    The hash is salted, so its digest does not help to guess the password.
    """
    return hashlib.sha256(password.encode()).hexdigest()


def _is_argon2id(hash_: str) -> bool:
    found = re.fullmatch(
        r"\$argon2id\$v=19\$m=(\d{1,6}),t=(\d{1,2}),p=(\d{1,2})"
        r"\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,86}",
        hash_,
    )
    if found is None:
        return False
    memory, passes, lanes = map(int, found.groups())
    return (
        8 * lanes <= memory <= MAX_ARGON2_MEMORY
        and 1 <= passes <= MAX_ARGON2_PASSES
        and lanes > 0
    )


def _is_bcrypt(hash_: str) -> bool:
    found = re.fullmatch(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}", hash_)
    return found is not None and int(found[1]) in BCRYPT_COSTS


def _is_sha512_crypt(hash_: str) -> bool:
    found = re.fullmatch(
        r"\$6\$(?:rounds=([1-9]\d{3,8})\$)?[./A-Za-z0-9]{0,16}\$[./A-Za-z0-9]{86}",
        hash_,
    )
    return found is not None and int(found[1] or 0) <= MAX_ROUNDS


def _is_salted(size: int) -> Callable[[str], bool]:
    def is_well_formed(hash_: str) -> bool:
        try:
            return len(base64.b64decode(hash_, validate=True)) > size
        except (binascii.Error, ValueError):
            return False

    return is_well_formed


def _is_pbkdf2(hash_: str) -> bool:
    found = re.fullmatch(r"\$1\$([!-#%-~]{1,64})\$([1-9]\d{0,6})\$[0-9a-f]{40}", hash_)
    return found is not None and int(found[2]) <= MAX_ROUNDS


SCHEMES = (
    Scheme("ARGON2ID", "argon2", _is_argon2id),
    Scheme("BLF-CRYPT", "blf", _is_bcrypt),
    Scheme("SHA512-CRYPT", "sha512", _is_sha512_crypt),
    Scheme("SSHA512", "ssha512", _is_salted(64)),
    Scheme("SSHA256", "ssha256", _is_salted(32)),
    Scheme("PBKDF2", "pbkdf2", _is_pbkdf2),
)
BY_NAME: Mapping[str, Scheme] = {scheme.dovecot: scheme for scheme in SCHEMES}
TAKEN_OVER = ", ".join(BY_NAME)
# The prefixes of hashes that name their scheme themselves.
PREFIXES = {
    "$argon2id$": "ARGON2ID",
    **dict.fromkeys(("$2a$", "$2b$", "$2y$"), "BLF-CRYPT"),
    "$6$": "SHA512-CRYPT",
}
