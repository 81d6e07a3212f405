"""Where client passwords were used from, so that a new place is noticed."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from clientpasswords.models import KnownNetwork

MOST_A_PASSWORD = 100
# A known network is written again when it was last written this long ago.
WRITTEN_AGAIN = timedelta(days=1)


class KnownNetworks:
    """The known networks of some client passwords; `save` writes what was added."""

    def __init__(self, passwords: Iterable[int]) -> None:
        self._rows: dict[int, dict[str, KnownNetwork]] = {pk: {} for pk in passwords}
        for row in KnownNetwork.objects.filter(client_password__in=list(self._rows)):
            self._rows[row.client_password_id][row.network] = row
        self._new: list[KnownNetwork] = []
        self._seen_again: list[KnownNetwork] = []

    def add(self, password: int, address: str | None, at: datetime) -> bool:
        """Remember a use; return whether this password was known elsewhere only."""
        if address is None:
            return False
        rows, network = self._rows[password], _network_of(address)
        known = rows.get(network)
        if known is None:
            rows[network] = KnownNetwork(
                client_password_id=password, network=network, last_at=at
            )
            self._new.append(rows[network])
            return len(rows) > 1
        if at - known.last_at >= WRITTEN_AGAIN:
            known.last_at = at
            self._seen_again.append(known)
        return False

    def save(self) -> None:
        """Write what is new."""
        KnownNetwork.objects.bulk_create(self._new)
        written = [row for row in self._seen_again if row not in self._new]
        KnownNetwork.objects.bulk_create(
            written,
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=["last_at"],
        )


def forget() -> int:
    """Delete networks unused for long, and too many; a password's newest one stays."""
    newer = KnownNetwork.objects.filter(
        client_password=OuterRef("client_password"), last_at__gt=OuterRef("last_at")
    )
    oldest = timezone.now() - timedelta(days=settings.LOGONS_KEPT_DAYS)
    unused = KnownNetwork.objects.filter(Exists(newer), last_at__lt=oldest)
    newest_first = Window(
        RowNumber(),
        partition_by="client_password_id",
        order_by=[F("last_at").desc(), "-pk"],
    )
    surplus = KnownNetwork.objects.annotate(place=newest_first).filter(
        place__gt=MOST_A_PASSWORD
    )
    pks = {*unused.values_list("pk", flat=True), *surplus.values_list("pk", flat=True)}
    return KnownNetwork.objects.filter(pk__in=pks).delete()[0]


def _network_of(address: str) -> str:
    """The network that counts as one place: an IPv4 /24, or an IPv6 /48.

    Narrower ones would be new at every turn: providers move a customer, and telephones
    move themselves, within networks of about this size.
    """
    parsed = ip_address(address)
    length = 48 if isinstance(parsed, IPv6Address) else 24
    return str(ip_network((parsed, length), strict=False))
