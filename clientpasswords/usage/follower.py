"""Following one mail server's log into the history, each line once.

How far the log was read is written in the transaction of what was read, and only if
nobody else has moved it meanwhile. So nothing is lost or counted twice by a crash, by a
database that is away (the log is the buffer), or by a second follower of the same log.
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

from clientpasswords.models import FollowedLog
from clientpasswords.refusals import UNKNOWN_ACCOUNT
from clientpasswords.usage import dovecotlog, history
from clientpasswords.usage.logfile import LogFile, Position
from clientpasswords.usage.summary import LogonKey, Summary

# Names that are no mailbox leave no trace.
BATCH_LINES = 5000  # lines
REPEATS_DELAY = 30.0  # seconds until logons that merely repeat earlier ones are written
MOST_KEYS = 100_000  # kinds of logons that were written before
# Dovecot's own way to the log; how often we say that there was nothing to read; and how
# long we believe it after the last decision: it may be the wrong log by now.
LOG_DELAY = timedelta(seconds=5)
PROGRESS_INTERVAL = timedelta(minutes=1)
TRUSTED_FOR = timedelta(days=1)


class Follower:
    """Reads on from where the last follower of this log on this node stopped."""

    def __init__(self, path: Path, node: str) -> None:
        self._node = node
        self._row = FollowedLog.objects.get_or_create(node=node, path=str(path))[0]
        self._file = LogFile(path, self._saved_position)
        self._summary = Summary()
        self._written: dict[LogonKey, None] = {}  # the newest last
        self._flushed_at = time.monotonic()
        self._last_decision_at = self._row.told_at
        self._read_to = self._row.read_to

    def poll(self) -> int:
        """Read what is new, write it if it is due; return how many lines there were.

        A first logon of its kind is written at once. Repetitions wait up to half a
        minute, so that a client that logs on every second is not written every second,
        and ten thousand that do so now and then are written together.

        Raises:
            DatabaseError: nothing is lost; call again.
        """
        count = 0
        if len(self._summary.logons) < BATCH_LINES:
            begun = timezone.now()
            lines = self._file.read(BATCH_LINES)
            count = len(lines)
            for decision in filter(None, map(dovecotlog.parse_line, lines)):
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
        """Write everything read so far, unless another follower did."""
        is_news = self._read_to != self._row.read_to
        if is_news or self._file.position != self._saved_position:
            self._write()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Let go of the log. What was read and not written is read again some day."""
        self._file.close()

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
        if not is_saved:  # somebody else reads this log: go on from where they are
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
