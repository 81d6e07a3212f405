"""Logons summed up in memory: those that are alike are told as one."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from clientpasswords.usage.dovecotlog import Decision


class Alike(NamedTuple):
    """What logons must have in common to be told as one."""

    address: str
    credential: int | None
    protocol: str
    reason: str
    network_address: str | None
    by_web_password: bool


@dataclass
class Told:
    """How often, and between when, logons that are alike were decided."""

    first_at: datetime
    last_at: datetime
    count: int = 1
    guesses: int = 0  # those by a wrong password not typed there lately


class Summary:
    """Decisions summed up in memory, to be written a batch at a time."""

    def __init__(self) -> None:
        self.told: dict[Alike, Told] = {}

    def add(self, decision: Decision) -> None:
        """Count one more decision."""
        key = Alike(
            decision.address,
            decision.credential,
            decision.protocol,
            decision.reason,
            decision.network_address,
            decision.by_web_password,
        )
        told = self.told.get(key)
        if told is None:
            told = self.told[key] = Told(decision.at, decision.at)
        else:
            told.count += 1
            told.first_at = min(told.first_at, decision.at)
            told.last_at = max(told.last_at, decision.at)
        told.guesses += decision.is_guess
