import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from accounts import cutoffs

log = logging.getLogger(__name__)
PAUSE = 0.5  # seconds


class Command(BaseCommand):
    help = (
        "End the mail sessions that have lost their right, until every mail server has "
        "confirmed it. Runs until it is told to stop; --once does what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{cutoffs.deliver_due()} cut-offs tried")
            return
        self._stopped = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopped:
            self._round()
            time.sleep(PAUSE)

    def _stop(self, *_args: object) -> None:
        self._stopped = True

    def _round(self) -> None:
        """One look at what is due; a database that is away is tried again."""
        try:
            cutoffs.deliver_due()
        except DatabaseError as error:
            log.warning("the database is away: %s", type(error).__name__)
            connection.close()
