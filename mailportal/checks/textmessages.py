"""Checks of the settings for text messages."""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error

from gateways.sms import GATEWAY_SETTINGS, GATEWAYS
from mailportal.checks.hosts import is_https


def gateway_is_complete(**_kwargs: Any) -> list[CheckMessage]:
    """The chosen gateway has all that it needs, such as account and sender."""
    needed = GATEWAYS[settings.SMS_GATEWAY].needed
    if all(any(setting.value for setting in group) for group in needed):
        return []
    *names, last = [" or ".join(each.name for each in group) for group in needed]
    needs = ", and ".join([", ".join(names), last] if names else [last])
    text = f"SMS_GATEWAY is {settings.SMS_GATEWAY}, which needs {needs}."
    hint = "Set those of them that are empty; the provider's console shows them."
    return [Error(text, hint=hint, id="mailportal.E001")]


def codes_are_sent(**_kwargs: Any) -> list[CheckMessage]:
    """In production: codes are sent by text message, and over HTTPS."""
    found: list[CheckMessage] = []
    if not GATEWAYS[settings.SMS_GATEWAY].is_for_production:
        text = "SMS_GATEWAY shows codes on the terminal or keeps them in memory."
        real = [name for name, each in GATEWAYS.items() if each.is_for_production]
        hint = f"Set SMS_GATEWAY={' or '.join(real)} and the settings of your account."
        found.append(Error(text, hint=hint, id="mailportal.E007"))
    for setting in GATEWAY_SETTINGS:
        if setting.is_address and not is_https(setting.value):
            text = f"{setting.name} is not the https address of a host."
            hint = f"Delete the line: the default is {setting.default}."
            found.append(Error(text, hint=hint, id="mailportal.E008"))
    return found


def callback_reaches_us(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the provider reaches the portal over HTTPS, if it does at all."""
    callback = GATEWAYS[settings.SMS_GATEWAY].callback
    url = callback.value if callback else ""
    if callback is None or not url:
        return []
    if is_https(url) and urlsplit(url).path in {"", "/"}:
        return []
    text = f"{callback.name} is not the https address of a host, without a path."
    hint = (
        "Set the address at which the provider reaches this portal, or delete the line."
    )
    return [Error(text, hint=hint, id="mailportal.E036")]


def identifiers_are_well_formed(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the identifiers of a gateway have the format of its provider."""
    return [
        Error(
            f"{setting.name} is not {setting.form}.",
            hint="Copy it from the provider's console.",
            id="mailportal.E015",
        )
        for setting in GATEWAYS[settings.SMS_GATEWAY].own_settings
        if setting.pattern and setting.value
        if not re.fullmatch(setting.pattern, setting.value)
    ]
