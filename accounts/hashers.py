"""How web passwords are kept."""

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher


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
