"""Which sessions on the mail servers would not be let in any more."""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from accounts.models import Domain, MailLogon, MailWebLogon
from gateways.doveadm import Connection

# What Dovecot calls a service, and what the logon views call its protocol.
PROTOCOLS = {
    "imap": "imap",
    "pop3": "pop3",
    "submission": "smtp",
    "managesieve": "imap",
    "sieve": "imap",
}
AT_ONCE = 500  # names in one query


@dataclass(frozen=True)
class Lost:
    """Sessions of one logon name from one address that have lost their right.

    `protocol` is None if none of the name's sessions from there goes on.
    """

    login_name: str
    ip: str
    protocol: str | None = None


def lost(
    connections: Collection[Connection], *, in_our_domains: bool = False
) -> set[Lost]:
    """Which sessions would not be let in any more, as the logon views decide.

    A session goes on if its credential opens the door for its protocol from its
    address. With `in_our_domains`, sessions in domains that the portal does not know
    are left alone: a mail host may have others, who log on by other rules.
    """
    doors = _open_doors({connection.username for connection in connections})
    ours = (
        set(Domain.objects.values_list("name", flat=True)) if in_our_domains else None
    )
    protocols_lost: dict[tuple[str, str], set[str]] = {}
    goes_on = set()
    for each in connections:
        place = each.username, each.ip
        protocol = PROTOCOLS.get(each.service)
        domain = each.username.partition("~")[0].rpartition("@")[2]
        if (
            protocol is None
            or (ours is not None and domain not in ours)
            or _is_let_in(each.ip, doors.get((each.username, protocol), ""))
        ):
            goes_on.add(place)
        else:
            protocols_lost.setdefault(place, set()).add(protocol)
    return {
        Lost(*place, protocol)
        for place, protocols in protocols_lost.items()
        for protocol in (protocols if place in goes_on else [None])
    }


def _open_doors(names: set[str]) -> dict[tuple[str, str], str | None]:
    """For each logon name and protocol from where it is let in; None: from anywhere."""
    doors: dict[tuple[str, str], str | None] = {}
    ordered = sorted(names)
    for start in range(0, len(ordered), AT_ONCE):
        some = ordered[start : start + AT_ONCE]
        web = MailWebLogon.objects.filter(address__in=some)
        for row in web.values_list("login_name", "protocol", "networks", "refusal"):
            doors[row[0], row[1]] = None if row[3] is None else row[2]
        ids = [name.partition("~")[2].partition(".")[0] for name in some]
        client = MailLogon.objects.filter(
            credential__in=[int(each) for each in ids if each.isdecimal()],
            refusal=None,
        )
        for each in client:
            doors[each.login_name, each.protocol] = each.networks or None
    return doors


def _is_let_in(ip: str, networks: str | None) -> bool:
    if networks is None:
        return True
    try:
        address = ip_address(ip)
    except ValueError:  # a session from the host itself has none
        return False
    return any(address in ip_network(each) for each in networks.split(",") if each)
