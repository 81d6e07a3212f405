"""Lists of networks: what people type, what is stored, and who is in them.

A list is stored as one text, with commas in between and each network in canonical form
(CIDR, RFC 4632 and RFC 4291). Who has the list says what an empty one means.
`deploy/dovecot/portal.lua` reads the same lists.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import (
    IPv4Network,
    IPv6Network,
    collapse_addresses,
    ip_address,
    ip_network,
)

from django.core.exceptions import ValidationError
from django.utils.translation import gettext

MOST_NETWORKS = 10
ANYWHERE = "0.0.0.0/0,::/0"
Network = IPv4Network | IPv6Network


def parse(text: str) -> tuple[str, ...]:
    """Return the networks that somebody typed, in canonical form, each once.

    Raises:
        ValidationError: one of them is none, or they are too many.
    """
    typed = re.split(r"[\s,;]+", text.strip())
    networks = [_canonical(each) for each in typed if each]
    if len(networks) > MOST_NETWORKS:
        message = gettext("No more than %(most)s networks, please.")
        raise ValidationError(message % {"most": MOST_NETWORKS})
    return tuple(dict.fromkeys(networks))


def read(text: str) -> Network | None:
    """Return one network, whatever is set behind its length; None if it is none."""
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def joined(networks: Iterable[str]) -> str:
    """Return them as they are stored: nothing but commas in between."""
    return ",".join(networks)


def split(stored: str) -> list[str]:
    """Return the networks of a stored list, one by one."""
    return [each for each in stored.split(",") if each]


def contains(stored: str, ip: str | None) -> bool:
    """Return whether the address is in one of the networks, as the mail server does.

    What is no address is in no network, and what is no network has no address.
    """
    try:
        address = ip_address(ip or "")
    except ValueError:
        return False
    return any(address in network for network in _networks_of(stored))


def covers(outer: str, inner: str) -> bool:
    """Return whether `outer` has every address of `inner`; empty ones are anywhere."""
    return _merged(outer, inner) == _merged(outer)


def _canonical(text: str) -> str:
    network = read(text)
    if network is None:
        message = gettext("“%(text)s” is no network. Write it like 192.0.2.0/24.")
        raise ValidationError(message % {"text": text})
    return str(network)


@lru_cache(maxsize=1000)
def _networks_of(stored: str) -> tuple[Network, ...]:
    """Those of the list that are networks; many rows have the same."""
    return tuple(filter(None, map(read, split(stored))))


def _merged(*lists: str) -> list[Network]:
    """Return the fewest networks of the same addresses as these lists together."""
    parsed = {each for stored in lists for each in _networks_of(stored or ANYWHERE)}
    v4 = [each for each in parsed if isinstance(each, IPv4Network)]
    v6 = [each for each in parsed if isinstance(each, IPv6Network)]
    return [*collapse_addresses(v4), *collapse_addresses(v6)]
