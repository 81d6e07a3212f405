"""Lists of IP networks: parse, store and compare them, and look up addresses.

A list is stored as one text, separated by commas, with each network in canonical form
(CIDR, RFC 4632 and RFC 4291). The meaning of an empty list depends on its column.
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
# The IPv6 network of IPv4-mapped addresses (RFC 4291, section 2.5.5.2).
MAPPED = IPv6Address("::ffff:0:0")
MAPPED_BITS = 96
# The separator before a zone (RFC 4007), which has no meaning on another host.
ZONE = "%"


def parse_networks(text: str) -> tuple[str, ...]:
    """Parse networks that somebody typed; return them in canonical form, each once.

    Blanks, commas and semicolons separate them.

    Raises:
        ValidationError: one of them is invalid, or they are more than MAX_NETWORKS.
    """
    typed = re.split(r"[\s,;]+", text.strip())
    networks = [_normalize_network(each) for each in typed if each]
    if len(networks) > MAX_NETWORKS:
        message = gettext("Enter at most %(most)s networks.")
        raise ValidationError(message % {"most": MAX_NETWORKS})
    return tuple(dict.fromkeys(networks))


def parse_network(text: str) -> Network | None:
    """Parse one network and clear its host bits; return None if it is invalid."""
    try:
        return None if ZONE in text else ip_network(text, strict=False)
    except ValueError:
        return None


def join_networks(networks: Iterable[str]) -> str:
    """Return the list as it is stored: separated by commas, without blanks."""
    return ",".join(networks)


def split_networks(stored: str) -> list[str]:
    """Return the networks of a stored list."""
    return [each for each in stored.split(",") if each]


def contains_address(stored: str, ip: str | None) -> bool:
    """Return whether the address is in one of the networks; as the mail server does.

    An IPv4 address equals its IPv4-mapped IPv6 address. An invalid address is in no
    network, and an invalid network contains no address.
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
    """Return whether `outer` contains every address of `inner`.

    Both are stored lists. Here, an empty list contains every address.
    """
    return _merge_networks(outer, inner) == _merge_networks(outer)


@lru_cache(maxsize=10_000)
def surrounding_network(address: str) -> str:
    """Return the network that an address belongs to: an IPv4 /24 or an IPv6 /48.

    Narrower networks would appear as new too often: providers move customers, and
    phones move themselves, within networks of about this size.
    """
    parsed = ip_address(address)
    length = 48 if isinstance(parsed, IPv6Address) else 24
    return str(ip_network((parsed, length), strict=False))


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
    """Return the valid networks of a stored list, as IPv6 networks.

    The results are cached, because many rows have the same list.
    """
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
    """Return the fewest networks that together contain the addresses of the lists."""
    networks = {each for stored in lists for each in _parse_stored(stored or ANYWHERE)}
    return [*collapse_addresses(networks)]
