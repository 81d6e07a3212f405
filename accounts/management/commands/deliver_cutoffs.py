import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import cutoffs, deadlines, workers

PAUSE = 0.5  # seconds
A_MINUTE = 60  # seconds between two looks at what time took away


class Command(BaseCommand):
    help = (
        "End the mail sessions that have lost their right, until every mail server has "
        "confirmed it. Runs until it is told to stop; --once does what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self._next_look = 0.0
        if options["once"]:
            self.stdout.write(f"{self._round()} cut-offs tried")
        else:
            workers.go_on(self._round, pause=PAUSE)

    def _round(self) -> int:
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + A_MINUTE
            deadlines.order_ended()
        return cutoffs.deliver_due()
