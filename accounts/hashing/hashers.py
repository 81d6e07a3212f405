"""How web passwords are kept, and how those that another program has hashed are read.

Django verifies by the hasher whose name stands before the hash, and hashes anew by the
first of PASSWORD_HASHERS when a password was right: what was taken over is Argon2id
after the next sign-in.
"""

import base64
import hashlib
from typing import Any

import bcrypt
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    BasePasswordHasher,
    make_password,
)
from django.utils.crypto import constant_time_compare
from passlib.hash import sha512_crypt

MAX_BCRYPT_BYTES = 72  # bytes; what follows counts for nothing, in Dovecot as well


class WebPasswordHasher(Argon2PasswordHasher):
    """Argon2id at OWASP's minimum for passwords that people choose: 19 MiB, 2 passes.

    One lane, because libsodium, which checks the same hash in Dovecot, computes lanes
    one after the other.
    """

    time_cost = 2
    memory_cost = 19456  # KiB
    parallelism = 1

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Tell administrators nothing of a hash, not even how it begins."""
        return {}


class TakenOverHasher(BasePasswordHasher):
    """Verifies a hash that another program has made; makes none.

    A wrong password costs what it costs everybody else besides, so that how long the
    answer takes does not tell whose password was taken over, or who has a mailbox.
    """

    def verify(self, password: str, encoded: str) -> bool:
        hash_ = encoded.removeprefix(str(self.algorithm))
        if self.matches(password.encode(), hash_):
            return True
        make_password(password)
        return False

    def matches(self, password: bytes, hash_: str) -> bool:
        """Whether it is the password of the hash, which is well formed."""
        raise NotImplementedError

    def encode(self, password: str, salt: str) -> str:
        raise NotImplementedError("New passwords are hashed by Argon2id only.")

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing: `verify` has."""

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Tell administrators nothing of a hash, not even how it begins."""
        return {}


class BcryptHasher(TakenOverHasher):
    """Dovecot's BLF-CRYPT: `$2y$`, `$2a$`, `$2b$`."""

    algorithm = "blf"

    def matches(self, password: bytes, hash_: str) -> bool:
        return bcrypt.checkpw(password[:MAX_BCRYPT_BYTES], hash_.encode())


class Sha512CryptHasher(TakenOverHasher):
    """Dovecot's SHA512-CRYPT: `$6$`."""

    algorithm = "sha512"

    def matches(self, password: bytes, hash_: str) -> bool:
        return bool(sha512_crypt.verify(password, hash_))


class SaltedSha512Hasher(TakenOverHasher):
    """Dovecot's SSHA512: the digest of password and salt, then the salt, in Base64."""

    algorithm = "ssha512"
    digest = "sha512"

    def matches(self, password: bytes, hash_: str) -> bool:
        raw = base64.b64decode(hash_.removeprefix("$"))
        size = hashlib.new(self.digest).digest_size
        made = hashlib.new(self.digest, password + raw[size:]).digest()
        return constant_time_compare(made, raw[:size])


class SaltedSha256Hasher(SaltedSha512Hasher):
    """Dovecot's SSHA256: as SSHA512."""

    algorithm = "ssha256"
    digest = "sha256"


class Pbkdf2Hasher(TakenOverHasher):
    """Dovecot's PBKDF2: `$1$salt$rounds$` and 160 bits of PBKDF2-HMAC-SHA1 in hex."""

    algorithm = "pbkdf2"

    def matches(self, password: bytes, hash_: str) -> bool:
        _empty, _one, salt, rounds, digest = hash_.split("$")
        made = hashlib.pbkdf2_hmac("sha1", password, salt.encode(), int(rounds))
        return constant_time_compare(made.hex(), digest)


class RecoveryCodeHasher(Argon2PasswordHasher):
    """Argon2id at the least: for random codes a small work factor is enough.

    (NIST SP 800-63B-4, look-up secrets of fewer than 112 bits.)
    """

    time_cost = 1
    memory_cost = 256  # KiB
    parallelism = 1
