"""Mails to owners: whether they go out, and how."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error


def mails_are_sent(**_kwargs: Any) -> list[CheckMessage]:
    """In production: by a mail server, from an address that others accept."""
    found: list[CheckMessage] = []
    if settings.EMAIL_GATEWAY != "smtp":
        text = "EMAIL_GATEWAY writes mails into files; nobody gets them."
        found.append(Error(text, id="mailportal.E009"))
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        text = "EMAIL_FROM is no address that mail servers accept."
        found.append(Error(text, id="mailportal.E010"))
    return found
