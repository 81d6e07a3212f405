"""Which sessions on the mail servers would not be let in any more."""

from collections.abc import Collection
from ipaddress import ip_address, ip_network

from accounts.models import MailLogon, MailWebLogon
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


def lost(connections: Collection[Connection]) -> set[tuple[str, str]]:
    """The logon name and network address of each session that has lost its right.

    The logon views decide, as they would at the next logon: a session goes on if its
    credential opens the door for its protocol from its address.
    """
    open_doors = _open_doors({connection.username for connection in connections})
    return {
        (connection.username, connection.ip)
        for connection in connections
        if connection.service in PROTOCOLS
        and not _is_let_in(
            connection.ip,
            open_doors.get((connection.username, PROTOCOLS[connection.service]), ""),
        )
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
        ids = [name.partition("~")[2] for name in some]
        client = MailLogon.objects.filter(
            credential__in=[int(each) for each in ids if each.isdecimal()],
            refusal=None,
        )
        doors |= {(row.login_name, row.protocol): None for row in client}
    return doors


def _is_let_in(ip: str, networks: str | None) -> bool:
    if networks is None:
        return True
    try:
        address = ip_address(ip)
    except ValueError:  # a session from the host itself has none
        return False
    return any(address in ip_network(each) for each in networks.split(",") if each)
