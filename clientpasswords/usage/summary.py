"""Logons summed up in memory: those that are alike are told as one."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from clientpasswords.usage.dovecotlog import Decision


class LogonKey(NamedTuple):
    """What logons must have in common to be told as one."""

    address: str
    credential: int | None
    protocol: str
    reason: str
    network_address: str | None
    by_web_password: bool


@dataclass
class LogonStats:
    """How often, and between when, logons that are alike were decided."""

    first_at: datetime
    last_at: datetime
    count: int = 1
    guesses: int = 0  # those by a wrong password not typed there lately


class Summary:
    """Decisions summed up in memory, to be written a batch at a time."""

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
