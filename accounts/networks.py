"""Lists of networks: what people type, what is stored, and who is in them.

A list is stored as one text, with commas in between and each network in canonical form
(CIDR, RFC 4632 and RFC 4291). Who has the list says what an empty one means.
`deploy/dovecot/portal.lua` reads the same lists, and a test compares the two.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

MAX_NETWORKS = 10
ANYWHERE = "0.0.0.0/0,::/0"
Network = IPv4Network | IPv6Network
# Where IPv6 has the addresses of IPv4 (RFC 4291, 2.5.5.2).
MAPPED = IPv6Address("::ffff:0:0")
MAPPED_BITS = 96
# Before the name of an interface (RFC 4007), which says nothing to another host.
ZONE = "%"


def parse_networks(text: str) -> tuple[str, ...]:
    """Return the networks that somebody typed, in canonical form, each once.

    Raises:
        ValidationError: one of them is none, or they are too many.
    """
    typed = re.split(r"[\s,;]+", text.strip())
    networks = [_normalize_network(each) for each in typed if each]
    if len(networks) > MAX_NETWORKS:
        message = gettext("Enter at most %(most)s networks.")
        raise ValidationError(message % {"most": MAX_NETWORKS})
    return tuple(dict.fromkeys(networks))


def parse_network(text: str) -> Network | None:
    """Return one network, whatever is set behind its length; None if it is none."""
    try:
        return None if ZONE in text else ip_network(text, strict=False)
    except ValueError:
        return None


def join_networks(networks: Iterable[str]) -> str:
    """Return them as they are stored: nothing but commas in between."""
    return ",".join(networks)


def split_networks(stored: str) -> list[str]:
    """Return the networks of a stored list, one by one."""
    return [each for each in stored.split(",") if each]


def contains_address(stored: str, ip: str | None) -> bool:
    """Return whether the address is in one of the networks, as the mail server does.

    An address of IPv4 is its address within IPv6 as well. What is no address is in no
    network, and what is no network has no address.
    """
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    if ZONE in str(address):
        return False
    within = _map_address(address)
    return any(within in network for network in _parse_stored(stored))


def covers_networks(outer: str, inner: str) -> bool:
    """Return whether `outer` has every address of `inner`; empty ones are anywhere."""
    return _merge_networks(outer, inner) == _merge_networks(outer)


def _normalize_network(text: str) -> str:
    network = parse_network(text)
    if network is None:
        message = gettext(
            "“%(text)s” is not a valid network. Enter one like 192.0.2.0/24."
        )
        raise ValidationError(message % {"text": text})
    return str(network)


@lru_cache(maxsize=1000)
def _parse_stored(stored: str) -> tuple[IPv6Network, ...]:
    """Those of the list that are networks, all as IPv6's; many rows have the same."""
    found = map(parse_network, split_networks(stored))
    return tuple(_map_network(each) for each in found if each is not None)


def _map_network(network: IPv4Network | IPv6Network) -> IPv6Network:
    if isinstance(network, IPv6Network):
        return network
    return IPv6Network(
        (_map_address(network.network_address), network.prefixlen + MAPPED_BITS)
    )


def _map_address(address: IPv4Address | IPv6Address) -> IPv6Address:
    if isinstance(address, IPv6Address):
        return address
    return MAPPED + int(address)


def _merge_networks(*lists: str) -> list[IPv6Network]:
    """Return the fewest networks of the same addresses as these lists together."""
    networks = {each for stored in lists for each in _parse_stored(stored or ANYWHERE)}
    return [*collapse_addresses(networks)]
