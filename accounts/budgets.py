"""Rate limits, counted in the database.

Concurrent requests cannot exceed a limit. Limits fail closed: without the database
nothing is allowed.
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
    """A rate limit: at most `most` uses of `key` in each window of length `span`."""

    key: str
    most: int
    span: timedelta

    @cached_property
    def window(self) -> datetime:
        """The start of the window; fixed when it is first read."""
        seconds = self.span.total_seconds()
        return datetime.fromtimestamp(
            timezone.now().timestamp() // seconds * seconds, tz=UTC
        )


class Exhausted(Exception):
    """A limit is reached; its window ends after `wait`."""

    def __init__(self, limit: Limit) -> None:
        self.key = limit.key
        self.wait = limit.window + limit.span - timezone.now()
        super().__init__("limit reached")


def spend(limits: Iterable[Limit]) -> None:
    """Count one use against every limit, or against none.

    Raises:
        Exhausted: one of the limits is reached; nothing was counted.
    """
    with transaction.atomic():
        # Always in the same order, so that two requests cannot deadlock.
        for limit in sorted(limits, key=lambda limit: limit.key):
            row, _created = Budget.objects.get_or_create(
                key=limit.key, window=limit.window
            )
            open_row = Budget.objects.filter(pk=row.pk, used__lt=limit.most)
            if not open_row.update(used=F("used") + 1):
                raise Exhausted(limit)


def refund(limits: Iterable[Limit]) -> None:
    """Undo one `spend` of these limits."""
    for limit in limits:
        Budget.objects.filter(key=limit.key, window=limit.window, used__gt=0).update(
            used=F("used") - 1
        )


def forget() -> int:
    """Delete counters of windows that ended long ago; return how many."""
    return Budget.objects.filter(window__lt=retention.BUDGETS.oldest).delete()[0]


def network_of(address: str | None) -> str:
    """Return the network that limits count as one client.

    That is an IPv4 address, or the /64 of an IPv6 address; "local" without an address.
    """
    if address is None:
        return "local"
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
