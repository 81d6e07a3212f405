"""How often an owner is notified of what goes on: at once, then at growing distances.

What a device that nobody looks at does every five minutes for months, or a stranger who
guesses every night, costs an owner no mail a day. What was notified is in the audit
log: an event of these kinds is recorded whether or not its owner is notified, and
`notice` in its detail says the how manieth notice it was.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from accounts import networks
from accounts.models import SecurityEvent
from accounts.notify.notices import NOTICES, Kind, Repeats

# From one notice to the next. The last is for all that follow.
DISTANCES = (timedelta(days=1), timedelta(days=7), timedelta(days=30))
# Longer than all of them together: what was silent for so long begins anew.
LOOK_BACK = timedelta(days=120)
NUMBER = "notice"


class Sighting(NamedTuple):
    """When something was seen; of a device also which, by what and from where."""

    at: datetime
    credential: int | None
    protocol: str
    network: str


# The notices of one kind that an account had, in their order.
Subject = tuple[int, str]


def is_at_distances(kind: str) -> bool:
    """Whether events of this kind are notified at growing distances."""
    notice = NOTICES.get(Kind(kind))
    return notice is not None and notice.repeats is Repeats.AT_DISTANCES


def is_due(notified: list[Sighting], seen: Sighting) -> bool:
    """Return whether the owner is notified, after these notices in their order.

    Another device is told at once. A new network or protocol of a device is news that
    does not wait either, but only as often as there are distances: from a device that
    travels there are no more than five mails in ninety days.
    """
    if not notified:
        return True
    distance = DISTANCES[min(len(notified), len(DISTANCES)) - 1]
    if seen.at - notified[-1].at >= distance:
        return True
    if seen.credential is None:
        return False
    if seen.credential not in {each.credential for each in notified}:
        return True
    is_news = seen.protocol not in {each.protocol for each in notified} or (
        seen.network not in {each.network for each in notified}
    )
    return is_news and len(notified) < len(DISTANCES)


class Notices:
    """The notices that owners had; `number` says whether an event is the next one."""

    def __init__(self, accounts: Iterable[int], kinds: Iterable[str]) -> None:
        """Read them; an account whose events are numbered at once has to be locked."""
        self._notified: dict[Subject, list[Sighting]] = defaultdict(list)
        rows = SecurityEvent.objects.filter(
            account__in=set(accounts), kind__in=set(kinds), detail__has_key=NUMBER
        )
        fields = ("account", "kind", "detail", "at", "network_address")
        for account, kind, detail, at, address in rows.order_by("at", "pk").values_list(
            *fields
        ):
            self._notified[account, kind].append(_sighting(at, detail, address))

    def number(
        self,
        account: int,
        kind: str,
        detail: Mapping[str, Any],
        at: datetime,
        address: str | None,
    ) -> int | None:
        """Return the number of the notice that this event is; None: it is none."""
        seen = _sighting(at, detail, address)
        before = self._notified[account, kind]
        notified = [each for each in before if at - each.at < LOOK_BACK]
        if not is_due(notified, seen):
            return None
        self._notified[account, kind] = [*notified, seen]
        return len(notified) + 1


def _sighting(at: datetime, detail: Mapping[str, Any], address: str | None) -> Sighting:
    network = networks.surrounding_network(address) if address else ""
    return Sighting(at, detail.get("credential"), detail.get("protocol", ""), network)
