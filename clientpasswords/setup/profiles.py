"""Configuration profiles for iPhone, iPad and Mac, which contain the password.

Keys and values follow Apple's schema `com.apple.mail.managed`. Every key is set, as TLS
is off by default.
"""

import plistlib
import uuid
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.debug import sensitive_variables

from accounts.models import Account
from accounts.sites import Server, ServerPair
from clientpasswords import labels
from clientpasswords.setup import signing

CONTENT_TYPE = "application/x-apple-aspen-config"
RECEIVING = {"imap": "EmailTypeIMAP", "pop3": "EmailTypePOP"}
APPLE_LANGUAGES = {"zh-hans": "zh-Hans", "zh-hant": "zh-Hant", "en": "default"}


@sensitive_variables()
def build_profile(
    account: Account, secret: str, ways: ServerPair, *, host: str
) -> bytes:
    """Return the profile for this mailbox and password, signed if possible.

    Identifier and UUIDs stay the same, so that a second profile replaces the password
    of the first instead of adding an account.
    """
    own = uuid.uuid5(uuid.NAMESPACE_URL, f"https://{host}/{account.pk}")
    name = ".".join([*reversed(host.split(".")), str(own)])
    document = {
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": name,
        "PayloadUUID": str(own).upper(),
        "PayloadDisplayName": account.address,
        "PayloadOrganization": host,
        "PayloadDescription": _explanation(account.address),
        "ConsentText": _in_all_languages(account.address),
        "PayloadContent": [
            {
                "PayloadType": "com.apple.mail.managed",
                "PayloadVersion": 1,
                "PayloadIdentifier": f"{name}.mail",
                "PayloadUUID": str(uuid.uuid5(own, "mail")).upper(),
                "PayloadDisplayName": account.address,
                "EmailAccountDescription": account.address,
                "EmailAccountName": labels.normalise(
                    account.name, default=account.address
                ),
                "EmailAddress": account.address,
                **_receiving(account, secret, ways.incoming),
                **_sending(account, secret, ways.outgoing),
            }
        ],
    }
    return signing.sign(plistlib.dumps(document))


@sensitive_variables()
def _receiving(account: Account, secret: str, server: Server) -> dict[str, Any]:
    return {
        "EmailAccountType": RECEIVING[server.protocol.key],
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": server.host,
        "IncomingMailServerPortNumber": server.port,
        "IncomingMailServerUseSSL": server.security != "none",
        "IncomingMailServerUsername": account.address,
        "IncomingPassword": secret,
    }


@sensitive_variables()
def _sending(account: Account, secret: str, server: Server) -> dict[str, Any]:
    return {
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": server.host,
        "OutgoingMailServerPortNumber": server.port,
        "OutgoingMailServerUseSSL": server.security != "none",
        "OutgoingMailServerUsername": account.address,
        "OutgoingPassword": secret,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }


def _explanation(address: str) -> str:
    text = gettext("Sets up the mailbox %(address)s with a password for this device.")
    return text % {"address": address}


def _in_all_languages(address: str) -> dict[str, str]:
    """Return what the device shows before it installs the profile, by language."""
    texts = {}
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            warning = gettext(
                "This profile contains a password. Do not share it, and delete the "
                "file after installing it. You can cut the device off in the portal at "
                "any time."
            )
            texts[APPLE_LANGUAGES.get(code, code)] = (
                f"{_explanation(address)}\n\n{warning}"
            )
    return texts
