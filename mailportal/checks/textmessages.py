"""Checks of the settings for text messages."""

import re
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from mailportal.checks.hosts import is_https


def twilio_is_complete(**_kwargs: Any) -> list[CheckMessage]:
    """If SMS_GATEWAY is twilio, it has an account and a sender."""
    if settings.SMS_GATEWAY != "twilio" or (
        settings.TWILIO_ACCOUNT_SID
        and settings.TWILIO_AUTH_TOKEN
        and (settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_SENDER)
    ):
        return []
    text = (
        "SMS_GATEWAY is twilio, which needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN,"
        " and TWILIO_MESSAGING_SERVICE_SID or TWILIO_SENDER."
    )
    hint = "Set those of them that are empty; Twilio's console shows what they are."
    return [Error(text, hint=hint, id="mailportal.E001")]


def codes_are_sent(**_kwargs: Any) -> list[CheckMessage]:
    """In production: codes are sent by text message, and over HTTPS."""
    found: list[CheckMessage] = []
    if settings.SMS_GATEWAY != "twilio":
        text = "SMS_GATEWAY shows codes on the terminal or keeps them in memory."
        hint = "Set SMS_GATEWAY=twilio and the settings of your account."
        found.append(Error(text, hint=hint, id="mailportal.E007"))
    if not is_https(settings.TWILIO_API_URL):
        text = "TWILIO_API_URL is not the https address of a host."
        hint = "Delete the line: the default is https://api.twilio.com."
        found.append(Error(text, hint=hint, id="mailportal.E008"))
    return found


def twilios_names_are_complete(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the SIDs of account and service have Twilio's format."""
    if settings.SMS_GATEWAY != "twilio":
        return []
    sids = {
        "TWILIO_ACCOUNT_SID": (settings.TWILIO_ACCOUNT_SID, "AC"),
        "TWILIO_MESSAGING_SERVICE_SID": (settings.TWILIO_MESSAGING_SERVICE_SID, "MG"),
    }
    return [
        Error(
            f"{name} is not {kind} and 32 hexadecimal digits.",
            hint="Copy it from Twilio's console.",
            id="mailportal.E015",
        )
        for name, (value, kind) in sids.items()
        if value and not re.fullmatch(f"{kind}[0-9a-fA-F]{{32}}", value)
    ]
