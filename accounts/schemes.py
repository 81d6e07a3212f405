"""Hashes of web passwords that another program has made, as Dovecot writes them.

Dovecot puts a scheme in braces before the hash, Django a word of its own. Both can be
had from the one column that both verify against, so that a password that was taken over
opens the portal and the mail server alike. Nothing is ever told of the text itself:
where a hash was expected, there may be a password in clear.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LONGEST = 128  # symbols, as `Account.password` keeps them
# Beyond these one guess would keep a core busy for seconds, or not fit into the memory
# that Dovecot's workers have (`vsz_limit` in deploy/dovecot).
MOST_ROUNDS = 1_000_000
BCRYPT_COSTS = range(4, 16)
MOST_ARGON2_PASSES = 10
MOST_ARGON2_MEMORY = 256 * 1024  # KiB

# What Dovecot keeps without hashing, or so that the password can be had back.
IN_CLEAR = frozenset(
    {"PLAIN", "CLEAR", "CLEARTEXT", "PLAIN-TRUNC", "OTP", "RPA", "LANMAN", "NTLM"}
)
# What may be told of a scheme that is not taken over: other words in braces may be the
# beginning of a password.
KNOWN = IN_CLEAR | {
    *("CRYPT", "DES-CRYPT", "MD5-CRYPT", "SHA256-CRYPT", "SMD5", "LDAP-MD5", "MD5"),
    *("PLAIN-MD4", "PLAIN-MD5", "CRAM-MD5", "DIGEST-MD5", "HMAC-MD5", "SHA", "SHA1"),
    *("SHA256", "SHA512", "SSHA", "ARGON2I", "SCRAM-SHA-1", "SCRAM-SHA-256"),
}
BRACES = re.compile(r"\{([A-Za-z0-9.-]+)\}(.*)", re.DOTALL)


class Unusable(Exception):
    """The text cannot be taken over as a hash; the message says why, without it."""


@dataclass(frozen=True)
class Scheme:
    """How Dovecot and how Django name one way of hashing, and what one looks like."""

    dovecot: str
    django: str
    is_well_formed: Callable[[str], bool]

    def stored(self, hash_: str) -> str:
        """Return the hash as `Account.password` keeps it."""
        joint = "" if hash_.startswith("$") else "$"
        return f"{self.django}{joint}{hash_}"


def stored(text: str) -> str:
    """Return Dovecot's `{SCHEME}hash` as `Account.password` keeps it.

    Hashes that tell their scheme themselves may lack it: `$argon2id$`, `$2y$`, `$6$`.

    Raises:
        Unusable: it is no hash that the portal and Dovecot can both verify.
    """
    found = BRACES.fullmatch(text)
    name, hash_ = (found[1].upper(), found[2]) if found else ("", text)
    if name in {"", "CRYPT"}:
        name = next((s for mark, s in TELLING.items() if hash_.startswith(mark)), name)
    if not name:
        raise Unusable("no hash scheme in braces before it: it may be in clear text")
    if name in IN_CLEAR:
        raise Unusable(f"{name} is no hash: passwords in clear text are not taken over")
    if name not in BY_NAME:
        which = name if name in KNOWN else "this one"
        raise Unusable(f"unknown hash scheme: {TAKEN_OVER} are taken over, not {which}")
    scheme = BY_NAME[name]
    if not scheme.is_well_formed(hash_):
        raise Unusable(f"not a {name} hash, or one that is too costly to verify")
    kept = scheme.stored(hash_)
    if len(kept) > LONGEST:
        raise Unusable(f"the {name} hash is longer than can be kept")
    return kept


def written(password: str) -> str | None:
    """Return what `Account.password` keeps as Dovecot's `{SCHEME}hash`.

    None if there is no password that Dovecot could verify.
    """
    _django, _joint, rest = password.partition("$")
    for scheme in SCHEMES:
        for hash_ in (f"${rest}", rest):
            if scheme.stored(hash_) == password and scheme.is_well_formed(hash_):
                return f"{{{scheme.dovecot}}}{hash_}"
    return None


def digest(password: str) -> str:
    """Return by what a hash that was taken over is recognised when it comes again.

    Of a salted hash: it helps nobody to guess the password.
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
        8 * lanes <= memory <= MOST_ARGON2_MEMORY
        and 1 <= passes <= MOST_ARGON2_PASSES
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
    return found is not None and int(found[1] or 0) <= MOST_ROUNDS


def _is_salted(size: int) -> Callable[[str], bool]:
    def is_well_formed(hash_: str) -> bool:
        try:
            return len(base64.b64decode(hash_, validate=True)) > size
        except (binascii.Error, ValueError):
            return False

    return is_well_formed


def _is_pbkdf2(hash_: str) -> bool:
    found = re.fullmatch(r"\$1\$([!-#%-~]{1,64})\$([1-9]\d{0,6})\$[0-9a-f]{40}", hash_)
    return found is not None and int(found[2]) <= MOST_ROUNDS


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
# How hashes begin that name their scheme themselves.
TELLING = {
    "$argon2id$": "ARGON2ID",
    **dict.fromkeys(("$2a$", "$2b$", "$2y$"), "BLF-CRYPT"),
    "$6$": "SHA512-CRYPT",
}
