"""What owners and their mail programs are told: sites, and signed profiles."""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.core.checks import CheckMessage, Error

from clientpasswords import signing


def sites_are_complete(**_kwargs: Any) -> list[CheckMessage]:
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
        return [Error(text, id="mailportal.E011")]
    return []
