"""Rules between settings, which no single value can break alone."""

from ipaddress import ip_network
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from clientpasswords import signing


def gateways_complete(**_kwargs: Any) -> list[CheckMessage]:
    """Text messages and mail servers can be reached with what is set."""
    found: list[CheckMessage] = []
    if settings.SMS_GATEWAY == "twilio" and not (
        settings.TWILIO_ACCOUNT_SID
        and settings.TWILIO_AUTH_TOKEN
        and (settings.TWILIO_MESSAGING_SERVICE_SID or settings.TWILIO_SENDER)
    ):
        hint = (
            "Set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, and"
            " TWILIO_MESSAGING_SERVICE_SID or TWILIO_SENDER."
        )
        found.append(Error("Twilio lacks settings.", hint=hint, id="mailportal.E001"))
    if settings.DOVEADM_URLS and not settings.DOVEADM_API_KEY:
        found.append(Error("DOVEADM_URLS needs DOVEADM_API_KEY.", id="mailportal.E002"))
    for network in settings.WEBMAIL_NETWORKS:
        try:
            ip_network(network)
        except ValueError:
            text = f"WEBMAIL_NETWORKS: {network} is not a network."
            found.append(Error(text, id="mailportal.E003"))
    return found


def sites_complete(**_kwargs: Any) -> list[CheckMessage]:
    """Every site has a key, a name and an address, and our own is among them."""
    found: list[CheckMessage] = []
    for entry in settings.MAIL_SITES:
        if not {"key", "name", "url"} <= set(entry):
            text = "Each of MAIL_SITES needs key, name and url."
            found.append(Error(text, id="mailportal.E005"))
    keys = [entry.get("key") for entry in settings.MAIL_SITES]
    if keys and settings.MAIL_SITE not in keys:
        text = "MAIL_SITE is not the key of one of MAIL_SITES."
        found.append(Error(text, id="mailportal.E006"))
    return found


def profiles_can_be_signed(**_kwargs: Any) -> list[CheckMessage]:
    """Certificate and key for Apple's profiles belong together, or there are none."""
    try:
        signing.signer()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        text = f"PROFILE_CERTIFICATE and PROFILE_KEY cannot sign: {error}."
        return [Error(text, id="mailportal.E009")]
    return []


def fit_for_production(**_kwargs: Any) -> list[CheckMessage]:
    """Nothing of the demonstration is left."""
    found: list[CheckMessage] = []
    if settings.SMS_GATEWAY != "twilio":
        text = "SMS_GATEWAY shows codes on the terminal or keeps them in memory."
        found.append(Error(text, id="mailportal.E007"))
    if urlsplit(settings.TWILIO_API_URL).scheme != "https":
        text = "TWILIO_API_URL is not HTTPS."
        found.append(Error(text, id="mailportal.E008"))
    if settings.EMAIL_GATEWAY != "smtp":
        text = "EMAIL_GATEWAY writes mails into files; nobody gets them."
        found.append(Error(text, id="mailportal.E009"))
    if settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        text = "EMAIL_FROM is no address that mail servers accept."
        found.append(Error(text, id="mailportal.E010"))
    if not settings.DOVEADM_URLS:
        text = "Without DOVEADM_URLS the sessions of a deleted password go on."
        found.append(checks.Warning(text, id="mailportal.W001"))
    return found
