"""QR codes as SVG, black on white in every color scheme of the page."""

import json

import segno
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_variables

from accounts.models import Account
from accounts.sites import ServerPair
from clientpasswords import labels

# Thunderbird's "Export for Mobile", version 1.
FORMAT, PARTS = 1, [1, 1]
RECEIVING = {"imap": 0, "pop3": 1}
SENDING = 0
SECURITY = {"none": 0, "STARTTLS": 2, "SSL/TLS": 3}
PLAIN_PASSWORD = 1


@sensitive_variables()
def draw_svg(text: str) -> SafeString:
    """Return the QR code as an SVG element, which contains only paths."""
    code = segno.make(text, micro=False, error="m", boost_error=False)
    svg: str = code.svg_inline(
        border=4, light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )
    return SafeString(svg)


@sensitive_variables()
def thunderbird_export(account: Account, secret: str, ways: ServerPair) -> str:
    """Return the account and its password as Thunderbird for Android imports them."""
    incoming, outgoing = ways
    address = account.address
    receiving = [
        RECEIVING[incoming.protocol.key],
        incoming.host,
        incoming.port,
        SECURITY[incoming.security],
        PLAIN_PASSWORD,
        address,
        address,
        secret,
    ]
    sending = [
        SENDING,
        outgoing.host,
        outgoing.port,
        SECURITY[outgoing.security],
        PLAIN_PASSWORD,
        address,
        secret,
    ]
    identity = [address, labels.normalise(account.name, default=address)]
    document = [FORMAT, PARTS, receiving, [[sending, identity]]]
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
