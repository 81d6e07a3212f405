"""Find addresses that another mailbox got without a release."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from accounts.events import Kind
from accounts.models import Account, FormerAddress, SecurityEvent

BATCH_SIZE = 500  # addresses in one query
RENAMED, DELETED = FormerAddress.Because.RENAMED, FormerAddress.Because.DELETED

# When, why, and the primary key of the mailbox; None: it is deleted.
Departure = tuple[datetime, str, int | None]


@dataclass(frozen=True)
class ReusedAddress:
    """An address that one mailbox left and another one has now."""

    address: str
    left_at: datetime
    because: str
    # The mailbox that left it; None: it is deleted.
    left_by: Account | None


def find_reused_addresses(domain: str = "") -> Iterator[ReusedAddress]:
    """Yield the reused addresses of one domain or of all, from the audit log.

    Their folders may contain mail of the former owners. Released addresses are not
    among them: somebody has checked these.
    """
    left: dict[str, list[Departure]] = {}
    for address, departure in _departures():
        if departure is None:
            left.pop(address, None)
        elif not domain or address.endswith(f"@{domain}"):
            left.setdefault(address, []).append(departure)
    wanted = sorted(left)
    for start in range(0, len(wanted), BATCH_SIZE):
        part = wanted[start : start + BATCH_SIZE]
        users = Account.objects.filter(address__in=part)
        for address, pk in sorted(users.values_list("address", "pk")):
            others = [departure for departure in left[address] if departure[2] != pk]
            if others:
                at, because, other = others[-1]
                leavers = Account.objects.filter(pk=other) if other else []
                yield ReusedAddress(address, at, because, next(iter(leavers), None))


def _departures() -> Iterator[tuple[str, Departure | None]]:
    """Yield each departure in order; None: the address was released."""
    kinds = [Kind.MAILBOX_DELETED, Kind.MAILBOX_CHANGED, Kind.ADDRESS_RELEASED]
    rows = SecurityEvent.objects.filter(kind__in=kinds).order_by("at", "pk")
    values = rows.values_list("kind", "at", "address", "account", "detail")
    for kind, at, address, account, detail in values.iterator(chunk_size=1000):
        if kind == Kind.ADDRESS_RELEASED:
            yield address, None
        elif kind == Kind.MAILBOX_DELETED:
            yield address, (at, DELETED, None)
        else:
            old, _new = detail.get("changed", {}).get("address", ["", ""])
            if "@" in old:
                yield old, (at, RENAMED, account)
