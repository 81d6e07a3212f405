"""Service discovery for mail programs. No database.

Thunderbird's autoconfig (draft-ietf-mailmaint-autoconfig) and Outlook's Autodiscover
(MS-OXDSCLI, "POX"). Responses depend on the site alone: they do not reveal which
addresses exist, and contain no secret. Servers without TLS are left out.
"""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from accounts.sites import Server

LARGEST_REQUEST = 8 * 1024
LONGEST_ADDRESS = 254
EXCHANGE = "http://schemas.microsoft.com/exchange/autodiscover/"
# Outlook uses the first; phones that look for ActiveSync use the second.
REQUEST_SCHEMAS = {f"{EXCHANGE}outlook/requestschema/2006": True}
REQUEST_SCHEMAS[f"{EXCHANGE}mobilesync/requestschema/2006"] = False
INVALID_REQUEST, NO_PROVIDER = "600", "601"


class NotUnderstood(Exception):
    """The request is not a valid Autodiscover request."""


class NothingOffered(Exception):
    """The site does not offer it: ActiveSync, or a server with TLS."""


def servers_with_tls(servers: Iterable[Server]) -> list[Server]:
    """Return the servers that mail programs may be configured with."""
    return [server for server in servers if server.security in ("SSL/TLS", "STARTTLS")]


def autoconfig(servers: Sequence[Server], *, host: str, help_url: str) -> bytes:
    """Return Thunderbird's clientConfig, with placeholders for the address."""
    root = ET.Element("clientConfig", {"version": "1.1"})
    # Thunderbird for Android rejects the file if this is not a host name.
    provider = ET.SubElement(root, "emailProvider", {"id": host})
    _add_elements(
        provider, domain="%EMAILDOMAIN%", displayName=host, displayShortName=host
    )
    for server in servers:
        tag = "outgoingServer" if server.protocol.sends else "incomingServer"
        _add_elements(
            ET.SubElement(provider, tag, {"type": server.protocol.key}),
            hostname=server.host,
            port=str(server.port),
            socketType="SSL" if server.security == "SSL/TLS" else "STARTTLS",
            authentication="password-cleartext",  # within TLS
            username="%EMAILADDRESS%",
        )
    _add_documentation(provider, help_url)
    return _serialize(root)


def parse_request(request: bytes) -> str:
    """Return the address in an Autodiscover request.

    Raises:
        NotUnderstood: It is too large, not XML, has a DTD, or is not such a request.
        NothingOffered: It asks for ActiveSync.
    """
    if len(request) > LARGEST_REQUEST:
        raise NotUnderstood
    try:
        root = fromstring(request, forbid_dtd=True)
    except (ET.ParseError, DefusedXmlException, ValueError, LookupError):
        raise NotUnderstood from None
    namespace = root.tag.removeprefix("{").removesuffix("}Autodiscover")
    path = f"{{{namespace}}}Request/{{{namespace}}}EMailAddress"
    if namespace not in REQUEST_SCHEMAS:
        raise NotUnderstood
    address = (root.findtext(path) or "").strip()
    if len(address) > LONGEST_ADDRESS or not re.fullmatch(r"[^@\s]+@[^@\s]+", address):
        raise NotUnderstood
    if not REQUEST_SCHEMAS[namespace]:
        raise NothingOffered
    return address


def autodiscover(servers: Sequence[Server], address: str) -> bytes:
    """Return Outlook's account settings, with `address` as the login name."""
    if not servers:
        raise NothingOffered
    root, response = _autodiscover(f"{EXCHANGE}outlook/responseschema/2006a")
    _add_elements(ET.SubElement(response, "User"), DisplayName=address)
    account = ET.SubElement(response, "Account")
    _add_elements(account, AccountType="email", Action="settings")
    for server in servers:
        _add_elements(
            ET.SubElement(account, "Protocol"),
            Type=server.purpose,
            Server=server.host,
            Port=str(server.port),
            LoginName=address,
            DomainRequired="off",
            SPA="off",
            SSL="on",
            Encryption="SSL" if server.security == "SSL/TLS" else "TLS",
            AuthRequired="on",
            **(
                {"UsePOPAuth": "on", "SMTPLast": "off"} if server.protocol.sends else {}
            ),
        )
    return _serialize(root)


def error_response(code: str) -> bytes:
    """Return an error in the format of Autodiscover."""
    words = {INVALID_REQUEST: "Invalid Request", NO_PROVIDER: "No Provider"}
    root, response = _autodiscover(None)
    error = ET.SubElement(response, "Error", {"Time": "00:00:00.0000000", "Id": "0"})
    _add_elements(error, ErrorCode=code, Message=words[code])
    ET.SubElement(error, "DebugData")
    return _serialize(root)


def _autodiscover(inner: str | None) -> tuple[ET.Element, ET.Element]:
    root = ET.Element("Autodiscover", {"xmlns": f"{EXCHANGE}responseschema/2006"})
    return root, ET.SubElement(root, "Response", {"xmlns": inner} if inner else {})


def _add_documentation(provider: ET.Element, url: str) -> None:
    """Add the address of the help pages, with a text in each language."""
    page = ET.SubElement(provider, "documentation", {"url": url})
    for code, _name in settings.LANGUAGES:
        with translation.override(code):
            text = gettext("How to set up a mail program, and which password to enter")
        ET.SubElement(page, "descr", {"lang": code}).text = text


def _add_elements(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text


def _serialize(root: ET.Element) -> bytes:
    document: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return document
