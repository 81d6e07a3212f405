"""Checks of secrets: not published, and hard to guess."""

from collections import Counter
from itertools import combinations, pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from gateways import sms
from mailportal.configuration import SETTINGS

# Every value of .env.example that has to be replaced contains this.
PLACEHOLDER = "change-me"
# Earlier placeholders.
FORMER_PLACEHOLDERS = ("make-your-own", "the-token-of-that-account", "0" * 32)
# Parts of secrets for tests, and of those that Django makes for new projects.
NOT_FOR_USE = ("for tests only", "django-insecure")
# The minimum length of each secret that a program made. 16 bytes have 32 hex digits.
SHORTEST = {"SECRET_KEY": 50, "DOVEADM_API_KEY": 32} | {
    setting.name: setting.shortest
    for setting in sms.GATEWAY_SETTINGS
    if setting.shortest
}
FEWEST_CHARACTERS = 8  # distinct ones


def secrets_are_not_published(**_kwargs: Any) -> list[CheckMessage]:
    """No secret has a published value from .env.example."""
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
    """In production: secrets look random, and no two are the same."""
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
    """Return whether most characters follow at the same distance: abcdef, 97531."""
    steps = Counter(after - before for before, after in pairwise(map(ord, secret)))
    return max(steps.values(), default=0) > len(secret) / 2


def _secrets() -> dict[str, str]:
    """Return the secrets of the settings by name.

    For DATABASE_URL, that is the password in it.
    """
    found = {
        name: str(getattr(settings, name))
        for name, setting in SETTINGS.items()
        if setting.is_secret
    }
    password = str(settings.DATABASES["default"].get("PASSWORD") or "")
    return found | {"DATABASE_URL": password}
