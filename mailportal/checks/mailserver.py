"""Checks of the mail server: doveadm, webmail's networks, and homes."""

import operator
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

from mailportal.checks.hosts import is_loopback
from mailportal.homes import find_mistake

# Webmail needs a few addresses. Networks of these sizes (IPv4, IPv6) contain other
# clients too: a /16, a /48. Networks above these contain almost all: a /8, a /32.
WIDE_SIZES = (2**16, 2**80)
HUGE_SIZES = (2**24, 2**96)
IPV4_IN_IPV6 = IPv6Network("::ffff:0:0/96")

HOME_HINT = (
    "Write /srv/mail/%u or /var/vmail/%d/%n, as --home of deploy.render: %u is the"
    " address, %n and %d what is before and after its @, all in lower case."
)
URL_HINT = "Write https://HOST:PORT/doveadm/v1, or http://127.0.0.1:8080/doveadm/v1."


def doveadm_can_be_asked(**_kwargs: Any) -> list[CheckMessage]:
    """Every doveadm URL is valid, and there is a key for them."""
    found: list[CheckMessage] = []
    if settings.DOVEADM_URLS and not settings.DOVEADM_API_KEY:
        text = "DOVEADM_URLS needs DOVEADM_API_KEY, which is empty."
        hint = "Set it to what the mail nodes have for doveadm_api_key."
        found.append(Error(text, hint=hint, id="mailportal.E002"))
    for place, url in enumerate(settings.DOVEADM_URLS, start=1):
        parts = _split(url)
        if parts is None or not parts.path.strip("/"):
            text = f"DOVEADM_URLS: number {place} is no address of doveadm."
            found.append(Error(text, hint=URL_HINT, id="mailportal.E016"))
        elif parts.username is not None:
            text = f"DOVEADM_URLS: number {place} has a user in it, who is not asked."
            hint = "Take all before the @ out; the key goes into DOVEADM_API_KEY."
            found.append(Error(text, hint=hint, id="mailportal.E017"))
    return found


def sessions_can_be_ended(**_kwargs: Any) -> list[CheckMessage]:
    """In production: there are doveadm URLs, and the key is sent encrypted."""
    found: list[CheckMessage] = []
    if not settings.DOVEADM_URLS:
        text = "Without DOVEADM_URLS the sessions of a deleted password go on."
        found.append(checks.Warning(text, hint=URL_HINT, id="mailportal.W001"))
    for url in settings.DOVEADM_URLS:
        parts = _split(url)
        if parts and parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            text = f"DOVEADM_URLS: the key goes to {parts.hostname} in clear."
            hint = "Give doveadm's port on that node TLS, and write https://."
            found.append(Error(text, hint=hint, id="mailportal.E018"))
    return found


def webmails_networks_are_networks(**_kwargs: Any) -> list[CheckMessage]:
    """WEBMAIL_NETWORKS contains only networks in canonical form."""
    found: list[CheckMessage] = []
    for network in settings.WEBMAIL_NETWORKS:
        try:
            ip_network(network)
        except ValueError:
            text = f"WEBMAIL_NETWORKS: {network} is not a network."
            hint = "Write ADDRESS/LENGTH with no bit set beyond it: 192.0.2.0/24."
            found.append(Error(text, hint=hint, id="mailportal.E003"))
    return found


def webmails_networks_are_its_own(**_kwargs: Any) -> list[CheckMessage]:
    """In production: WEBMAIL_NETWORKS contains webmail's addresses, and few others.

    From these networks the web password always works.
    """
    hint = "Give the addresses from which your webmail logs on, and no others."
    networks = settings.WEBMAIL_NETWORKS
    if not networks:
        text = (
            "WEBMAIL_NETWORKS is empty: webmail stops for everybody who requires"
            " security passwords."
        )
        return [checks.Warning(text, hint=hint, id="mailportal.W010")]
    room = _addresses()
    if any(map(operator.gt, room, HUGE_SIZES)):
        text = (
            f"WEBMAIL_NETWORKS: {', '.join(networks)} is nearly everywhere, and there"
            " the web password opens every mail program."
        )
        return [Error(text, hint=hint, id="mailportal.E022")]
    if any(map(operator.ge, room, WIDE_SIZES)):
        text = (
            f"WEBMAIL_NETWORKS: {', '.join(networks)} has room for more than webmail,"
            " and there the web password opens every mail program."
        )
        return [checks.Warning(text, hint=hint, id="mailportal.W009")]
    return []


def homes_are_distinct(**_kwargs: Any) -> list[CheckMessage]:
    """MAIL_HOME is valid, and gives each mailbox a folder of its own."""
    home = settings.MAIL_HOME
    fault = find_mistake(home)
    if not fault:
        return []
    text = f"MAIL_HOME={home} {fault}."
    return [Error(text, hint=HOME_HINT, id="mailportal.E032")]


def _addresses() -> tuple[int, int]:
    """Return the numbers of IPv4 and of IPv6 addresses in webmail's networks."""
    found = list(_networks())
    of_four = [each for each in found if isinstance(each, IPv4Network)]
    of_six = [each for each in found if isinstance(each, IPv6Network)]
    return (
        sum(each.num_addresses for each in collapse_addresses(of_four)),
        sum(each.num_addresses for each in collapse_addresses(of_six)),
    )


def _networks() -> Iterator[IPv4Network | IPv6Network]:
    """Yield the valid networks; IPv4-mapped ones as IPv4 networks."""
    for text in settings.WEBMAIL_NETWORKS:
        try:
            network = ip_network(text)
        except ValueError:
            continue
        if isinstance(network, IPv6Network) and network.subnet_of(IPV4_IN_IPV6):
            first = network.network_address.ipv4_mapped
            network = IPv4Network((int(first or 0), network.prefixlen - 96))
        yield network


def _split(url: str) -> SplitResult | None:
    """Return the parts of an HTTP or HTTPS URL with a host, else None."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises as well
    except ValueError:
        return None
    is_http = parts.scheme in {"http", "https"}
    return parts if is_http and parts.hostname else None
