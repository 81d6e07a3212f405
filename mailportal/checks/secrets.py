"""Secrets: whether they are the host's own, and hard to guess."""

from collections import Counter
from itertools import combinations, pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from mailportal.configuration import SETTINGS

# What is in every value of .env.example that has to be replaced.
PLACEHOLDER = "change-me"
# What stood there before.
FORMER_PLACEHOLDERS = ("make-your-own", "the-token-of-that-account", "0" * 32)
# What the tests' own, and those that Django makes for a first try, have in them.
NOT_FOR_USE = ("for tests only", "django-insecure")
# The shortest that was made at random: 16 bytes in hexadecimal digits are 32.
SHORTEST = {"SECRET_KEY": 50, "DOVEADM_API_KEY": 32, "TWILIO_AUTH_TOKEN": 16}
FEWEST_CHARACTERS = 8  # that differ


def secrets_are_not_published(**_kwargs: Any) -> list[CheckMessage]:
    """No secret is the one that everybody reads in .env.example."""
    return [
        Error(
            f"{name} is the value of the published example: everybody knows it.",
            hint="Replace it by one of your own, which nobody else has seen.",
            id="mailportal.E012",
        )
        for name, secret in _secrets().items()
        if any(word in secret for word in (PLACEHOLDER, *FORMER_PLACEHOLDERS))
    ]


def secrets_are_hard_to_guess(**_kwargs: Any) -> list[CheckMessage]:
    """In production: those that a program made look like it, and differ."""
    secrets = {name: secret for name, secret in _secrets().items() if secret}
    found: list[CheckMessage] = [
        Error(
            f"{name} is easily guessed: short, few characters, in order, repeated.",
            hint="Take the answer of"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(64))'"
            " or, if it is another service's, make a new one there.",
            id="mailportal.E013",
        )
        for name, shortest in SHORTEST.items()
        if name in secrets and _is_weak(secrets[name], shortest)
    ]
    for one, other in combinations(sorted(secrets), 2):
        if secrets[one] == secrets[other]:
            text = f"{one} and {other} are the same: who knows one has both."
            hint = "Make another one for each of them."
            found.append(Error(text, hint=hint, id="mailportal.E014"))
    return found


def _is_weak(secret: str, shortest: int) -> bool:
    repeats = any(
        secret[length:] == secret[:-length] for length in range(1, len(secret) // 2 + 1)
    )
    few = len(secret) < shortest or len(set(secret)) < FEWEST_CHARACTERS
    said = any(words in secret for words in NOT_FOR_USE)
    return few or repeats or said or _is_in_order(secret)


def _is_in_order(secret: str) -> bool:
    """Whether most characters are as far from the one before: abcdef, 97531."""
    steps = Counter(after - before for before, after in pairwise(map(ord, secret)))
    return max(steps.values(), default=0) > len(secret) / 2


def _secrets() -> dict[str, str]:
    """Every secret of the settings by its name; of the database, its password."""
    found = {
        name: str(getattr(settings, name))
        for name, setting in SETTINGS.items()
        if setting.is_secret
    }
    password = str(settings.DATABASES["default"].get("PASSWORD") or "")
    return found | {"DATABASE_URL": password}
