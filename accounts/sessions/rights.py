"""Sessions on the mail servers that have lost their right."""

from collections.abc import Collection
from dataclasses import dataclass

from accounts.models import Domain, MailLogon, MailWebLogon
from accounts.models.protocols import PROTOCOLS_BY_SESSION_SERVICE
from accounts.networks import contains_address
from gateways.doveadm import Connection
from gateways.loginnames import LoginName, parse_credentials

BATCH_SIZE = 500  # names in one query
CLIENT_COLUMNS = ("login_name", "protocol", "networks", "policy_networks")
WEB_COLUMNS = (*CLIENT_COLUMNS, "refusal")

# Alternative ways to log on. Each is a list of network lists, and the client's address
# has to be in every one of them.
Door = list[list[str]]


@dataclass(frozen=True)
class LostSessions:
    """Sessions of one logon name from one address that have lost their right.

    `protocol` is None if all sessions of that name from that address are lost.
    """

    login_name: str
    ip: str
    protocol: str | None = None


def find_lost_sessions(
    connections: Collection[Connection], *, in_our_domains: bool = False
) -> set[LostSessions]:
    """Return the sessions that the logon views would refuse now.

    A session stays if its credential may log on by its protocol from its address. With
    `in_our_domains`, sessions of domains that the portal does not know stay too: a mail
    host can have other domains with other rules.
    """
    doors = _open_doors({connection.username for connection in connections})
    ours = (
        set(Domain.objects.values_list("name", flat=True)) if in_our_domains else None
    )
    protocols_lost: dict[tuple[str, str], set[str]] = {}
    goes_on = set()
    for each in connections:
        place = each.username, each.ip
        protocol = PROTOCOLS_BY_SESSION_SERVICE.get(each.service)
        domain = LoginName.parse(each.username).domain
        if (
            protocol is None
            or (ours is not None and domain not in ours)
            or _is_let_in(each.ip, doors.get((each.username, protocol.key), []))
        ):
            goes_on.add(place)
        else:
            protocols_lost.setdefault(place, set()).add(protocol.key)
    return {
        LostSessions(*place, protocol)
        for place, protocols in protocols_lost.items()
        for protocol in (protocols if place in goes_on else [None])
    }


def _open_doors(names: set[str]) -> dict[tuple[str, str], Door]:
    """Return the door of each logon name and protocol that may log on at all."""
    doors: dict[tuple[str, str], Door] = {}
    ordered = sorted(names)
    for start in range(0, len(ordered), BATCH_SIZE):
        some = ordered[start : start + BATCH_SIZE]
        for web in MailWebLogon.objects.filter(address__in=some).only(*WEB_COLUMNS):
            by_policy = [] if web.refusal else [_drop_empty(web.policy_networks)]
            doors[web.login_name, web.protocol] = [[web.networks], *by_policy]
        client = MailLogon.objects.filter(
            credential__in=parse_credentials(some), refusal=None
        )
        for row in client.only(*CLIENT_COLUMNS):
            door = [_drop_empty(row.networks, row.policy_networks)]
            doors[row.login_name, row.protocol] = door
    return doors


def _drop_empty(*networks: str) -> list[str]:
    return [each for each in networks if each]


def _is_let_in(ip: str, door: Door) -> bool:
    return any(all(contains_address(each, ip) for each in lists) for lists in door)
