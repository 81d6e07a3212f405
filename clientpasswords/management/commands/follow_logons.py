import logging
import signal
import socket
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from accounts import watchdog, workers
from clientpasswords.usage.follower import BATCH_LINES, Follower

log = logging.getLogger(__name__)
PAUSE = 0.5  # seconds


class Command(BaseCommand):
    help = (
        "Read from the mail server's log who logged on with which password. Run one "
        "process on each mail host. Runs until stopped; --once reads what is there "
        "now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("log", type=Path, help="Dovecot's log file")
        parser.add_argument("--node", default=socket.gethostname())
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self._stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        follower = Follower(options["log"].absolute(), options["node"])
        with closing(follower):
            if options["once"]:
                self._catch_up(follower)
            else:
                self._follow(follower, workers.Pulse("follow_logons", options["node"]))

    def _follow(self, follower: Follower, pulse: workers.Pulse) -> None:
        watchdog.start()
        while not self._stopped:
            # A batch that is not full was the end of the log. Each further look costs
            # as much as many lines, and those of a busy host come one by one.
            if self._tried(follower.poll) != BATCH_LINES:
                time.sleep(PAUSE)
            pulse.beat()
        self._tried(follower.flush)
        watchdog.stop()

    def _catch_up(self, follower: Follower) -> None:
        while not self._stopped and self._tried(follower.poll):
            pass
        follower.flush()

    def _stop(self, *_args: object) -> None:
        self._stopped = True

    def _tried(self, work: Callable[[], int | None]) -> int | None:
        """Do it if the database answers; what it could not write is read again."""
        try:
            return work()
        except DatabaseError as error:
            log.warning("the database is away: %s", type(error).__name__)
            connection.close()
            return None
