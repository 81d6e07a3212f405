"""Password hashers: for web passwords and recovery codes, and for imported hashes.

Django verifies a hash with the hasher that its prefix names. When the password is
right, Django hashes it again with the first of PASSWORD_HASHERS. So an imported hash
becomes Argon2id at the next sign-in.
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

MAX_BCRYPT_BYTES = 72  # bcrypt ignores further bytes, in Dovecot as well


class WebPasswordHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's minimum for passwords that people choose: 19 MiB, 2 passes.

    It has one lane, because Dovecot verifies the same hash by libsodium, which computes
    lanes one after the other.
    """

    time_cost = 2
    memory_cost = 19456  # KiB
    parallelism = 1

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return nothing: administrators see no part of a hash."""
        return {}


class TakenOverHasher(BasePasswordHasher):
    """Verifies hashes that another program has made; makes no new ones.

    For a wrong password it also computes our own hash. Otherwise the time to answer
    would reveal whose hash was imported, or which mailboxes exist.
    """

    def verify(self, password: str, encoded: str) -> bool:
        hash_ = encoded.removeprefix(str(self.algorithm))
        if self.matches(password.encode(), hash_):
            return True
        make_password(password)
        return False

    def matches(self, password: bytes, hash_: str) -> bool:
        """Return whether the password fits the hash, which must be well formed."""
        raise NotImplementedError

    def encode(self, password: str, salt: str) -> str:
        raise NotImplementedError("New passwords are hashed by Argon2id only.")

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do nothing: `verify` already does the additional work."""

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        """Return nothing: administrators see no part of a hash."""
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
    """Dovecot's SSHA256, with the same format as SSHA512."""

    algorithm = "ssha256"
    digest = "sha256"


class Pbkdf2Hasher(TakenOverHasher):
    """Dovecot's PBKDF2: `$1$salt$rounds$` and 160 bits of PBKDF2-HMAC-SHA1 in hex."""

    algorithm = "pbkdf2"

    def matches(self, password: bytes, hash_: str) -> bool:
        _empty, _one, salt, rounds, digest = hash_.split("$")
        made = hashlib.pbkdf2_hmac("sha1", password, salt.encode(), int(rounds))
        return constant_time_compare(made.hex(), digest)
