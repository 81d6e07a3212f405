"""Checks of the sites, of signed profiles, and of the address for support."""

from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from accounts.models.protocols import PROTOCOLS
from clientpasswords.setup import signing
from mailportal.checks.hosts import is_host, is_https

REQUIRED = ("key", "name", "url")
SERVICES = tuple(each.key for each in PROTOCOLS if each.receives or each.sends)
# The kind of encryption on the registered ports (RFC 8314).
PORTS = {
    **{each.tls_port: "SSL/TLS" for each in PROTOCOLS},
    **{each.starttls_port: "STARTTLS" for each in PROTOCOLS},
}
SECURITIES = {"SSL/TLS", "STARTTLS", "none"}
KNOWN_KEYS = {*REQUIRED, *SERVICES, "webmail_url", "domains"}

Entry = dict[str, Any]


def sites_are_complete(**_kwargs: Any) -> list[CheckMessage]:
    """Every site has a unique key, a name and a URL; MAIL_SITE is one of them."""
    found: list[CheckMessage] = []
    for entry in settings.MAIL_SITES:
        if not all(
            isinstance(entry.get(name), str) and entry[name] for name in REQUIRED
        ):
            text = f"MAIL_SITES: {_name(entry)} needs key, name and url."
            hint = "Give all three, each a text between quotation marks."
            found.append(Error(text, hint=hint, id="mailportal.E005"))
        for service in SERVICES:
            if service in entry and not _is_server(entry[service]):
                text = f"MAIL_SITES: {service} of {_name(entry)} is no server."
                hint = (
                    "Give host, port (a number) and security (SSL/TLS, STARTTLS or"
                    " none), and nothing else, or leave the service out."
                )
                found.append(Error(text, hint=hint, id="mailportal.E028"))
    keys = [entry.get("key") for entry in settings.MAIL_SITES]
    if len(keys) > len({str(key) for key in keys}):
        text = "MAIL_SITES: two sites have the same key."
        hint = "Give each a key of its own; MAIL_SITE is one of them."
        found.append(Error(text, hint=hint, id="mailportal.E029"))
    if keys and settings.MAIL_SITE not in keys:
        text = "MAIL_SITE is not the key of one of MAIL_SITES."
        hint = "Set it to the key of the site that this portal is."
        found.append(Error(text, hint=hint, id="mailportal.E006"))
    return found


def sites_are_safe(**_kwargs: Any) -> list[CheckMessage]:
    """In production: all servers and pages of the sites are encrypted."""
    found: list[CheckMessage] = []
    for entry in settings.MAIL_SITES:
        for service in SERVICES:
            server = entry.get(service)
            if isinstance(server, dict) and server.get("security") == "none":
                text = f"MAIL_SITES: {service} of {_name(entry)} has no encryption."
                hint = "Give it SSL/TLS (993, 995, 465) or STARTTLS (143, 110, 587)."
                found.append(Error(text, hint=hint, id="mailportal.E030"))
            elif isinstance(server, dict) and not _fits(server):
                text = f"MAIL_SITES: {service} of {_name(entry)} has the other's port."
                hint = "SSL/TLS is at 993, 995 and 465, STARTTLS at 143, 110 and 587."
                found.append(checks.Warning(text, hint=hint, id="mailportal.W018"))
        for name in ("url", "webmail_url"):
            if entry.get(name) and not is_https(entry[name]):
                text = f"MAIL_SITES: {name} of {_name(entry)} is not an https address."
                hint = "Passwords are typed there: write https:// and a host."
                found.append(Error(text, hint=hint, id="mailportal.E031"))
    return found


def owners_are_informed(**_kwargs: Any) -> list[CheckMessage]:
    """In production: owners learn their servers, and whom to ask for help."""
    found: list[CheckMessage] = []
    if not settings.MAIL_SITES:
        text = "MAIL_SITES is empty: nobody is told which servers there are."
        hint = "List at least this site, with imap or pop3, and smtp."
        found.append(checks.Warning(text, hint=hint, id="mailportal.W007"))
    for entry in settings.MAIL_SITES:
        is_own = entry.get("key") == settings.MAIL_SITE
        if is_own and not _receives_and_sends(entry):
            text = f"MAIL_SITES: {_name(entry)} names no server to receive and to send."
            hint = "Give it imap or pop3, and smtp: mail programs ask for them here."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W008"))
        for name in sorted(set(entry) - KNOWN_KEYS):
            text = f"MAIL_SITES: nothing reads {name} of {_name(entry)}."
            hint = f"Is it misspelt? A site has {', '.join(sorted(KNOWN_KEYS))}."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W016"))
    if not settings.SUPPORT_ADDRESS:
        text = "SUPPORT_ADDRESS is empty: no page says whom to ask for help."
        hint = "Give the address of whoever helps the owners of mailboxes."
        found.append(checks.Warning(text, hint=hint, id="mailportal.W006"))
    return found


def profiles_can_be_signed(**_kwargs: Any) -> list[CheckMessage]:
    """PROFILE_CERTIFICATE and PROFILE_KEY fit together, or both are empty."""
    try:
        signing.load_signer()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        text = f"PROFILE_CERTIFICATE and PROFILE_KEY cannot sign: {error}."
        hint = (
            "Give a certificate with those that vouch for it and its own key, both in"
            " PEM and the key without a passphrase; or leave both empty."
        )
        return [Error(text, hint=hint, id="mailportal.E011")]
    return []


def _name(entry: Entry) -> str:
    return f"the site {entry['key']}" if entry.get("key") else "a site without key"


def _receives_and_sends(entry: Entry) -> bool:
    given = [each for each in PROTOCOLS if each.key in entry]
    return any(each.receives for each in given) and any(each.sends for each in given)


def _fits(server: Entry) -> bool:
    port, security = server.get("port"), server.get("security")
    if not isinstance(port, int) or not isinstance(security, str):
        return True  # E028 reports it
    return security not in SECURITIES or PORTS.get(port, security) == security


def _is_server(value: Any) -> bool:
    match value:
        case {"host": str(host), "port": int(port), "security": str(security)}:
            is_port = not isinstance(port, bool) and 0 < port < 2**16
            known = len(value) == len(("host", "port", "security"))
            return is_host(host) and is_port and security in SECURITIES and known
    return False
