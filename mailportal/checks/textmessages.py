"""Text messages with codes: whether they go out, and to whom alone."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error


def twilio_is_complete(**_kwargs: Any) -> list[CheckMessage]:
    """The provider that is chosen has an account and a sender."""
    if settings.SMS_GATEWAY != "twilio" or (
        settings.TWILIO_ACCOUNT_SID
        and settings.TWILIO_AUTH_TOKEN
        and (settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_SENDER)
    ):
        return []
    hint = (
        "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and"
        " TWILIO_MESSAGING_SERVICE_SID or TWILIO_SENDER."
    )
    return [Error("Twilio lacks settings.", hint=hint, id="mailportal.E001")]


def codes_are_sent(**_kwargs: Any) -> list[CheckMessage]:
    """In production: by text message, and over HTTPS."""
    found: list[CheckMessage] = []
    if settings.SMS_GATEWAY != "twilio":
        text = "SMS_GATEWAY shows codes on the terminal or keeps them in memory."
        found.append(Error(text, id="mailportal.E007"))
    if urlsplit(settings.TWILIO_API_URL).scheme != "https":
        text = "TWILIO_API_URL is not HTTPS."
        found.append(Error(text, id="mailportal.E008"))
    return found
