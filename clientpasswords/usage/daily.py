"""The logons of each domain, counted by day: what the plots of the administration show.

The caller saves in the same transaction how far the log was read, so each line is
counted once. A line that is read late counts on its own day.
"""

from collections import Counter
from datetime import date
from typing import NamedTuple

from django.utils import timezone

from accounts import retention
from clientpasswords.models import DailyLogons
from clientpasswords.usage import bulk
from clientpasswords.usage.alarms import Accounts, Logons
from clientpasswords.usage.summary import LogonKey

LetInBy = DailyLogons.LetInBy


class DailyKey(NamedTuple):
    """What logons have in common that are counted together."""

    domain: int
    day: date
    protocol: str
    reason: str
    let_in_by: str


def add_logons(logons: Logons, accounts: Accounts) -> None:
    """Add these logons to the counts of their domains and days. One statement.

    Call it inside a transaction, as the last that writes: all followers of a domain
    write the same rows, always in the same order, which prevents deadlocks.
    """
    counts: Counter[DailyKey] = Counter()
    for key, stats in logons.items():
        domain = accounts[key.address].domain_id
        result = (key.protocol, key.reason, find_let_in_by(key))
        for day, count in stats.days.items():
            counts[DailyKey(domain, day, *result)] += count
    rows = [(*key, count) for key, count in sorted(counts.items())]
    bulk.add_counts(DailyLogons, [*DailyKey._fields, "count"], rows)


def find_let_in_by(key: LogonKey) -> str:
    """Return by what these logons were let in, as a `LetInBy`; "" if they were not."""
    if key.reason:
        return ""
    if key.credential is not None:
        return LetInBy.SECURITY_PASSWORD
    return LetInBy.WEB_PASSWORD if key.by_web_password else LetInBy.WEBMAIL


def forget() -> int:
    """Delete the counts of days beyond their retention; return how many."""
    oldest = timezone.localdate(retention.DAILY_LOGONS.oldest)
    return DailyLogons.objects.filter(day__lt=oldest).delete()[0]
