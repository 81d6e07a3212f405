"""The sites of this host, as MAIL_SITES lists them: where a mailbox may live."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.utils.translation import gettext, gettext_noop

from accounts.models.protocols import PROTOCOLS, Protocol

# Names that the catalogues know; an operator's own are shown as they are.
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
        """What people know its protocol by."""
        return self.protocol.label


class ServerPair(NamedTuple):
    """The server to receive from and the one to send by, of those for one account."""

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
        """What people call it, in the reader's language."""
        return gettext(self.label)

    @property
    def sign_in_url(self) -> str:
        """The sign-in of its portal."""
        return urljoin(self.url, "login/")

    @property
    def host(self) -> str:
        """The host name of the portal."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_own(self) -> bool:
        """Whether this portal is the one of the site."""
        return self.key == settings.MAIL_SITE


def get_sites() -> list[Site]:
    """All sites, our own first."""
    return sorted(
        map(_parse_site, settings.MAIL_SITES), key=lambda site: not site.is_own
    )


def get_own_site() -> Site:
    """The site of this portal; one without a name if none is configured."""
    for site in get_sites():
        if site.is_own:
            return site
    return Site(key="", label="", url="", servers=(), webmail_url="")


def choose_servers(servers: Iterable[Server]) -> ServerPair | None:
    """The first of each kind, which people are led to; None without both."""
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
