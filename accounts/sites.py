"""The sites of this host, from the setting MAIL_SITES."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

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


def choose_servers(servers: Iterable[Server]) -> ServerPair | None:
    """Return the first server of each direction; None unless there are both."""
    first: dict[bool, Server] = {}
    for server in servers:
        first.setdefault(server.protocol.sends, server)
    return ServerPair(first[False], first[True]) if len(first) > 1 else None


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
    )
