"""The sites of this host, from the setting MAIL_SITES."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext, gettext_noop, pgettext

from accounts import addresses
from accounts.models.protocols import PROTOCOLS, Protocol

# Names of sites that are translated; other names are shown as they are.
KNOWN_NAMES = [
    gettext_noop("Singapore"),
    gettext_noop("China (Hong Kong)"),
    gettext_noop("Germany"),
    gettext_noop("United States"),
]


@dataclass(frozen=True)
class Server:
    """How a mail program reaches one service of a site."""

    protocol: Protocol
    host: str
    port: int
    security: str  # SSL/TLS, STARTTLS or none

    @property
    def purpose(self) -> str:
        """The label of its protocol."""
        return self.protocol.label

    @property
    def encryption(self) -> str:
        """What programs call its security, in the active language."""
        return (
            pgettext("encryption", "None") if self.security == "none" else self.security
        )


class ServerPair(NamedTuple):
    """The servers of one account: one to receive mail from, one to send mail by."""

    incoming: Server
    outgoing: Server


@dataclass(frozen=True)
class Site:
    """One portal with the mail servers behind it."""

    key: str
    label: str
    url: str
    servers: tuple[Server, ...]
    webmail_url: str
    domains: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name, in the active language."""
        return gettext(self.label)

    @property
    def sign_in_url(self) -> str:
        """The URL of the sign-in page of its portal."""
        return urljoin(self.url, "login/")

    @property
    def host(self) -> str:
        """The host name of the portal."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_own(self) -> bool:
        """Whether this portal belongs to the site."""
        return self.key == settings.MAIL_SITE


def get_sites() -> list[Site]:
    """Return all sites, our own first."""
    return sorted(
        map(_parse_site, settings.MAIL_SITES), key=lambda site: not site.is_own
    )


def get_own_site() -> Site:
    """Return the site of this portal; an empty one if none is configured."""
    for site in get_sites():
        if site.is_own:
            return site
    return Site(key="", label="", url="", servers=(), webmail_url="")


def find_site(address: str) -> Site | None:
    """Return the site that MAIL_SITES gives this domain, or this address's domain.

    It says nothing of whether there is such a mailbox.
    """
    domain = addresses.normalise_domain(address.rpartition("@")[2])
    return next((each for each in get_sites() if domain in each.domains), None)


def find_incoming(servers: Iterable[Server]) -> Server | None:
    """Return the first server to receive mail from; None if there is none."""
    return next((each for each in servers if each.protocol.receives), None)


def find_outgoing(servers: Iterable[Server]) -> Server | None:
    """Return the first server to send mail by; None if there is none."""
    return next((each for each in servers if each.protocol.sends), None)


def choose_servers(servers: Iterable[Server]) -> ServerPair | None:
    """Return the first server of each direction; None unless there are both.

    A server of a protocol that neither receives nor sends is none of them.
    """
    known = list(servers)
    incoming, outgoing = find_incoming(known), find_outgoing(known)
    return ServerPair(incoming, outgoing) if incoming and outgoing else None


def _parse_site(entry: dict[str, object]) -> Site:
    servers = (
        Server(each, **values)
        for each in PROTOCOLS
        if isinstance(values := entry.get(each.key), dict)
    )
    return Site(
        key=str(entry["key"]),
        label=str(entry["name"]),
        url=str(entry["url"]),
        servers=tuple(servers),
        webmail_url=str(entry.get("webmail_url", "")),
        domains=tuple(map(str.lower, map(str, _as_list(entry.get("domains"))))),
    )


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
