"""How often something may be done, counted in the database.

A limit holds exactly, however many requests arrive at once, and fails closed: without
the database nothing is allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import IPv6Address, ip_address, ip_network

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import retention
from accounts.models import Budget


@dataclass(frozen=True)
class Limit:
    """At most `most` times in each stretch of `span`, for one key."""

    key: str
    most: int
    span: timedelta

    @cached_property
    def window(self) -> datetime:
        """When the stretch began that was the present one at the first look."""
        seconds = self.span.total_seconds()
        return datetime.fromtimestamp(
            timezone.now().timestamp() // seconds * seconds, tz=UTC
        )


class Exhausted(Exception):
    """A limit is reached until its present stretch ends."""

    def __init__(self, limit: Limit) -> None:
        self.key = limit.key
        self.wait = limit.window + limit.span - timezone.now()
        super().__init__("limit reached")


def spend(limits: Iterable[Limit]) -> None:
    """Use one of every limit, or of none.

    Raises:
        Exhausted: one of them was used up; the others were not touched.
    """
    with transaction.atomic():
        # One order for everybody, so that two requests cannot wait for each other.
        for limit in sorted(limits, key=lambda limit: limit.key):
            row, _created = Budget.objects.get_or_create(
                key=limit.key, window=limit.window
            )
            open_row = Budget.objects.filter(pk=row.pk, used__lt=limit.most)
            if not open_row.update(used=F("used") + 1):
                raise Exhausted(limit)


def refund(limits: Iterable[Limit]) -> None:
    """Undo one `spend`: it turned out not to count."""
    for limit in limits:
        Budget.objects.filter(key=limit.key, window=limit.window, used__gt=0).update(
            used=F("used") - 1
        )


def forget() -> int:
    """Delete what no limit looks at any more; return how many rows."""
    return Budget.objects.filter(window__lt=retention.BUDGETS.oldest).delete()[0]


def network_of(address: str | None) -> str:
    """The network that counts as one guesser: an IPv4 address, or an IPv6 /64."""
    if address is None:
        return "local"
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
