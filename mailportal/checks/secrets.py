"""Secrets: whether they are the host's own."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from mailportal.configuration import SETTINGS

# What is in every value of .env.example that has to be replaced.
PLACEHOLDER = "change-me"
# What stood there before.
FORMER_PLACEHOLDERS = ("make-your-own", "the-token-of-that-account", "0" * 32)


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


def _secrets() -> dict[str, str]:
    """Every secret of the settings by its name; of the database, its password."""
    found = {
        name: str(getattr(settings, name))
        for name, setting in SETTINGS.items()
        if setting.is_secret
    }
    password = str(settings.DATABASES["default"].get("PASSWORD") or "")
    return found | {"DATABASE_URL": password}
