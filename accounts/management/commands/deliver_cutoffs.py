import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import workers
from accounts.sessions import cutoffs, expiry

PAUSE = 0.5  # seconds
LOOK_EVERY = 60  # seconds between two searches for expired sessions


class Command(BaseCommand):
    help = (
        "End mail sessions that are no longer allowed, until every mail server has "
        "confirmed it. Runs until stopped; --once does what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self._next_look = 0.0
        if options["once"]:
            workers.run_once(self._steps())
            self.stdout.write(f"{self._tried} cut-offs tried")
        else:
            workers.run_forever("deliver_cutoffs", self._steps, pause=PAUSE)

    def _steps(self) -> Iterator[workers.Step]:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY
            yield expiry.end_expired_sessions
        yield self._deliver

    def _deliver(self) -> None:
        self._tried = cutoffs.deliver_due()
