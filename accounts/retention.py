"""How long records are kept that are needed for a while; `manage.py tidy` deletes them.

Everything else stays until somebody deletes it, the record of events for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone


@dataclass(frozen=True)
class Retention:
    """How many days records are kept, and how many of them, as docs/operations.md says.

    Either is a number or the name of the setting that says it. `records` is what
    `manage.py tidy` calls them. The days count from when a record was last needed.
    """

    records: str
    days: int | str
    newest: int | str | None = None

    @property
    def oldest(self) -> datetime:
        """The moment from which on records are kept."""
        return timezone.now() - timedelta(days=_number(self.days))

    def surplus(self, rows: QuerySet[Any], owner: str) -> list[int]:
        """Return the keys of those beyond the `newest` of each owner, by `last_at`."""
        if self.newest is None:
            return []
        newest_first = Window(
            RowNumber(), partition_by=owner, order_by=[F("last_at").desc(), "-pk"]
        )
        placed = rows.annotate(place=newest_first)
        surplus = placed.filter(place__gt=_number(self.newest))
        return list(surplus.values_list("pk", flat=True))


# Recognised for so long where a device still tries them.
REVOKED_PASSWORDS = Retention("deleted security passwords", "REVOKED_KEPT_DAYS")
# Who comes too late is told so.
SET_UP_LINKS = Retention("old links for set-up", 1)
LOGONS = Retention("old mail logons", "LOGONS_KEPT_DAYS", "LOGONS_KEPT_AN_ACCOUNT")
# The newest of a password stays, however old it is.
KNOWN_NETWORKS = Retention("networks out of use", "LOGONS_KEPT_DAYS", 100)
CUTOFFS = Retention("finished cut-offs", 30)
# Longer than the longest limit looks back.
BUDGETS = Retention("old limits", 2)
UNCONFIRMED_JOBS = Retention("actions that nobody confirmed", 1)


def _number(value: int | str) -> int:
    return int(getattr(settings, value)) if isinstance(value, str) else value
