"""The networks that client passwords are used from, to detect new ones."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from accounts import networks, retention
from clientpasswords.models import KnownNetwork
from clientpasswords.usage import bulk

# The fields of a known network that are read and written.
FIELDS = ["client_password", "network", "last_at"]
# The last use of a known network is updated at most this often.
UPDATE_INTERVAL = timedelta(days=1)


class KnownNetworks:
    """The known networks of some client passwords; `save` writes the new ones."""

    def __init__(self, passwords: Iterable[int]) -> None:
        self._known: dict[int, dict[str, datetime]] = {pk: {} for pk in passwords}
        rows = KnownNetwork.objects.filter(client_password__in=list(self._known))
        for password, network, last_at in rows.values_list(*FIELDS):
            self._known[password][network] = last_at
        self._added: dict[tuple[int, str], datetime] = {}

    def add(self, password: int, address: str | None, at: datetime) -> bool:
        """Add a use; return whether it is new to a password with other networks."""
        if address is None:
            return False
        known, network = self._known[password], networks.surrounding_network(address)
        last_at = known.get(network)
        if last_at is None or at - last_at >= UPDATE_INTERVAL:
            known[network] = self._added[password, network] = at
        return last_at is None and len(known) > 1

    def save(self) -> None:
        """Write what was added."""
        rows = [(*place, at) for place, at in self._added.items()]
        bulk.write_rows(
            KnownNetwork,
            FIELDS,
            rows,
            unique=["client_password", "network"],
            update=["last_at"],
        )


def forget() -> int:
    """Delete networks beyond their retention; the newest of each password stays."""
    newer = KnownNetwork.objects.filter(
        client_password=OuterRef("client_password"), last_at__gt=OuterRef("last_at")
    )
    kept = retention.KNOWN_NETWORKS
    rows = KnownNetwork.objects.all()
    unused = rows.filter(Exists(newer), last_at__lt=kept.oldest)
    surplus = kept.surplus(rows, "client_password_id")
    pks = {*unused.values_list("pk", flat=True), *surplus}
    return KnownNetwork.objects.filter(pk__in=pks).delete()[0]
