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
from clientpasswords.usage.summary import Alike, Summary

# Names that are no mailbox leave no trace.
BATCH = 5000  # lines
REPEATS_WAIT = 30.0  # seconds until logons that merely repeat earlier ones are written
REMEMBERED = 100_000  # kinds of logons that were written before
# Dovecot's own way to the log; how often we say that there was nothing to read; and how
# long we believe it after the last decision: it may be the wrong log by now.
ON_THE_WAY = timedelta(seconds=5)
SAID_AGAIN = timedelta(minutes=1)
BELIEVED = timedelta(days=1)


class Follower:
    """Reads on from where the last follower of this log on this node stopped."""

    def __init__(self, path: Path, node: str) -> None:
        self._node = node
        self._row = FollowedLog.objects.get_or_create(node=node, path=str(path))[0]
        self._file = LogFile(path, self._kept)
        self._summary = Summary()
        self._written: dict[Alike, None] = {}  # the newest last
        self._flushed_at = time.monotonic()
        self._told_at = self._row.told_at
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
        if len(self._summary.told) < BATCH:
            begun = timezone.now()
            lines = self._file.read(BATCH)
            count = len(lines)
            for decision in filter(None, map(dovecotlog.read, lines)):
                self._told_at = max(self._told_at or decision.at, decision.at)
                if decision.reason != UNKNOWN_ACCOUNT:
                    self._summary.add(decision)
            if self._file.is_at_end and self._told_at is not None:
                end = min(begun - ON_THE_WAY, self._told_at + BELIEVED)
                self._read_to = max(self._read_to, end)
        if self._is_due():
            self.flush()
        return count

    def flush(self) -> None:
        """Write everything read so far, unless another follower did."""
        is_news = self._read_to != self._row.read_to
        if is_news or self._file.position != self._kept:
            self._write()
        self._flushed_at = time.monotonic()

    def close(self) -> None:
        """Let go of the log. What was read and not written is read again some day."""
        self._file.close()

    def _write(self) -> None:
        with transaction.atomic():
            kept, position = self._kept, self._file.position
            moved = FollowedLog.objects.filter(
                pk=self._row.pk, inode=kept.inode, offset=kept.offset
            ).update(
                **asdict(position),
                told_at=self._told_at,
                read_to=self._read_to,
                began_at=timezone.now() if self._file.has_gap else F("began_at"),
            )
            if moved:
                history.write(self._summary, node=self._node)
        self._remember(self._summary.told)
        self._summary = Summary()
        self._file.has_gap = False
        self._row.refresh_from_db()
        self._told_at, self._read_to = self._row.told_at, self._row.read_to
        if not moved:  # somebody else reads this log: go on from where they are
            self._file.close()
            self._file.position = self._kept

    @property
    def _kept(self) -> Position:
        return Position(self._row.inode, self._row.offset, self._row.head)

    def _remember(self, kinds: Iterable[Alike]) -> None:
        for key in kinds:
            self._written.pop(key, None)
            self._written[key] = None
        surplus = max(0, len(self._written) - REMEMBERED)
        for key in [*itertools.islice(self._written, surplus)]:
            del self._written[key]

    def _is_due(self) -> bool:
        told = self._summary.told.keys()
        if len(told) >= BATCH or not told <= self._written.keys():
            return True
        if self._read_to - self._row.read_to >= SAID_AGAIN:
            return True
        return time.monotonic() - self._flushed_at >= REPEATS_WAIT
