"""Logons summarized in memory: one entry for each key."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from django.utils import timezone

from clientpasswords.usage.dovecotlog import Decision

SECONDS_AN_HOUR = 3600


class LogonKey(NamedTuple):
    """What logons have in common that are counted together."""

    address: str
    credential: int | None
    protocol: str
    reason: str
    network_address: str | None
    by_web_password: bool


@dataclass
class LogonStats:
    """How many logons had one key, and when the first and the last were."""

    first_at: datetime
    last_at: datetime
    count: int = 1
    guesses: int = 0  # wrong passwords that had not failed there lately
    # How many there were on each day of the server's time zone (`TIME_ZONE`).
    days: Counter[date] = field(default_factory=Counter)
    hours: set[int] = field(default_factory=set)  # since 1970 (UTC)


class Summary:
    """Decisions summarized in memory, to be written in batches."""

    def __init__(self) -> None:
        self.logons: dict[LogonKey, LogonStats] = {}

    def add(self, decision: Decision) -> None:
        """Count one more decision."""
        key = LogonKey(
            decision.address,
            decision.credential,
            decision.protocol,
            decision.reason,
            decision.network_address,
            decision.by_web_password,
        )
        stats = self.logons.get(key)
        if stats is None:
            stats = self.logons[key] = LogonStats(decision.at, decision.at)
        else:
            stats.count += 1
            stats.first_at = min(stats.first_at, decision.at)
            stats.last_at = max(stats.last_at, decision.at)
        stats.guesses += decision.is_guess
        stats.days[_find_day(decision.at)] += 1
        stats.hours.add(int(decision.at.timestamp()) // SECONDS_AN_HOUR)


def _find_day(moment: datetime) -> date:
    return moment.astimezone(timezone.get_default_timezone()).date()
