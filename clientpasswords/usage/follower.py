"""Follow the log of one mail server and write each line to the history once.

The position in the log is saved in the same transaction as what was read, and only if
no other follower has moved it meanwhile. So nothing is lost or counted twice by a
crash, an unreachable database (the log is the buffer), or a second follower.
"""

import itertools
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import Account
from clientpasswords.models import FollowedLog
from clientpasswords.refusals import UNKNOWN_ACCOUNT
from clientpasswords.usage import dovecotlog, history
from clientpasswords.usage.dovecotlog import Decision
from clientpasswords.usage.logfile import LogFile, Position
from clientpasswords.usage.summary import LogonKey, Summary

BATCH_LINES = 5000
REPEATS_DELAY = 30.0  # seconds until repetitions of known logons are written
MOST_KEYS = 100_000  # keys of written logons that are remembered
# How long Dovecot may take to write a line; how often progress is saved if there is
# nothing to read; and how long after the last decision an idle log still counts as
# read: later it may be the wrong file.
LOG_DELAY = timedelta(seconds=5)
PROGRESS_INTERVAL = timedelta(minutes=1)
TRUSTED_FOR = timedelta(days=1)


class Follower:
    """Continue where the last follower of this log on this node stopped."""

    def __init__(self, path: Path, node: str) -> None:
        self._node = node
        self._row = FollowedLog.objects.get_or_create(node=node, path=str(path))[0]
        self._file = LogFile(path, self._saved_position)
        self._reader = dovecotlog.Reader()
        self._summary = Summary()
        self._written: dict[LogonKey, None] = {}  # the newest last
        self._flushed_at = time.monotonic()
        self._last_decision_at = self._row.told_at
        self._read_to = self._row.read_to

    def poll(self) -> int:
        """Read new lines, write them if they are due, and return their number.

        The first logon with a key is written at once. Repetitions wait for up to
        `REPEATS_DELAY`, so that a client that logs on every second does not cause a
        write every second, and the logons of many clients are written together.

        Raises:
            DatabaseError: Nothing is lost; call again.
        """
        count = 0
        if len(self._summary.logons) < BATCH_LINES:
            begun = timezone.now()
            lines = self._file.read(BATCH_LINES)
            count = len(lines)
            for decision in self._of_mailboxes(lines):
                self._last_decision_at = max(
                    self._last_decision_at or decision.at, decision.at
                )
                if decision.reason != UNKNOWN_ACCOUNT:
                    self._summary.add(decision)
            if self._file.is_at_end and self._last_decision_at is not None:
                end = min(begun - LOG_DELAY, self._last_decision_at + TRUSTED_FOR)
                self._read_to = max(self._read_to, end)
        if self._is_due():
            self.flush()
        return count

    def flush(self) -> None:
        """Write all that was read so far, unless another follower already did."""
        is_news = self._read_to != self._row.read_to
        if is_news or self._file.position != self._saved_position:
            self._write()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Close the log. A later follower reads again what was not written."""
        self._file.close()

    def _of_mailboxes(self, lines: Iterable[str]) -> list[Decision]:
        """Return the decisions; of those about names as typed, only about mailboxes.

        Anybody can send any name. One query, if somebody did.
        """
        found = [each for line in lines for each in self._reader.read(line)]
        typed = {each.address for each in found if each.is_as_typed}
        if not typed:
            return found
        rows = Account.objects.filter(address__in=typed)
        known = {*rows.values_list("address", flat=True)}
        return [each for each in found if not each.is_as_typed or each.address in known]

    def _write(self) -> None:
        with transaction.atomic():
            saved, position = self._saved_position, self._file.position
            is_saved = FollowedLog.objects.filter(
                pk=self._row.pk, inode=saved.inode, offset=saved.offset
            ).update(
                **asdict(position),
                told_at=self._last_decision_at,
                read_to=self._read_to,
                began_at=timezone.now() if self._file.has_gap else F("began_at"),
            )
            if is_saved:
                history.write(self._summary, node=self._node)
        self._remember(self._summary.logons)
        self._summary = Summary()
        self._file.has_gap = False
        self._row.refresh_from_db()
        self._last_decision_at, self._read_to = self._row.told_at, self._row.read_to
        if not is_saved:  # another follower reads this log: continue from its position
            self._file.close()
            self._file.position = self._saved_position

    @property
    def _saved_position(self) -> Position:
        return Position(self._row.inode, self._row.offset, self._row.head)

    def _remember(self, keys: Iterable[LogonKey]) -> None:
        for key in keys:
            self._written.pop(key, None)
            self._written[key] = None
        surplus = max(0, len(self._written) - MOST_KEYS)
        for key in [*itertools.islice(self._written, surplus)]:
            del self._written[key]

    def _is_due(self) -> bool:
        logons = self._summary.logons.keys()
        if len(logons) >= BATCH_LINES or not logons <= self._written.keys():
            return True
        if self._read_to - self._row.read_to >= PROGRESS_INTERVAL:
            return True
        return time.monotonic() - self._flushed_at >= REPEATS_DELAY
