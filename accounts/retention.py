"""Retention: how long temporary records are kept. `manage.py tidy` deletes them.

All other records stay until somebody deletes them. The audit log stays for good.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone
from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class Retention:
    """How many days records are kept, and how many of the newest of each owner.

    Each is a number, or the name of a setting. `records` is their name in the output of
    `manage.py tidy` and in the audit log, whose page translates it. The days count from
    when a record was last needed. A test compares these values with docs/operations.md.
    """

    records: str
    days: int | str
    newest: int | str | None = None

    @property
    def oldest(self) -> datetime:
        """The time before which records are deleted."""
        return timezone.now() - timedelta(days=_number(self.days))

    def surplus(self, rows: QuerySet[Any], owner: str) -> list[int]:
        """Return the keys of each owner's rows beyond the `newest`, by `last_at`.

        `owner` is the name of the column that identifies the owner.
        """
        if self.newest is None:
            return []
        newest_first = Window(
            RowNumber(), partition_by=owner, order_by=[F("last_at").desc(), "-pk"]
        )
        placed = rows.annotate(place=newest_first)
        surplus = placed.filter(place__gt=_number(self.newest))
        return list(surplus.values_list("pk", flat=True))


# For so long, a device that still tries one is recognised.
REVOKED_PASSWORDS = Retention(
    gettext_noop("deleted security passwords"), "REVOKED_KEPT_DAYS"
)
# For so long, whoever opens one reads that it has expired.
SET_UP_LINKS = Retention(gettext_noop("old links for set-up"), 1)
LOGONS = Retention(
    gettext_noop("old mail logons"), "LOGONS_KEPT_DAYS", "LOGONS_KEPT_AN_ACCOUNT"
)
# A year, and the month before it.
DAILY_LOGONS = Retention(gettext_noop("logons counted by day"), 400)
DAILY_FIGURES = Retention(gettext_noop("figures of former days"), 400)
# The strip of 30 days, wherever on earth its reader is.
LOGON_DAYS = Retention(gettext_noop("old days of mail logons"), 32)
# The newest network of each password stays, however old it is.
KNOWN_NETWORKS = Retention(gettext_noop("networks out of use"), "LOGONS_KEPT_DAYS", 100)
CUTOFFS = Retention(gettext_noop("finished cut-offs"), 30)
# Longer than the window of any limit.
BUDGETS = Retention(gettext_noop("old limits"), 2)
# For so long, sign-ins from there are counted apart from those of strangers.
FAMILIAR_NETWORKS = Retention(gettext_noop("networks of old sign-ins"), 90)
SENT_CODES = Retention(gettext_noop("outcomes of text messages"), 2)
UNCONFIRMED_JOBS = Retention(gettext_noop("actions that nobody confirmed"), 1)
# Of a host that is gone; an administrator can delete it before.
HEARTBEATS = Retention(gettext_noop("services that run no more"), 30)


def _number(value: int | str) -> int:
    return int(getattr(settings, value)) if isinstance(value, str) else value
