import logging
import signal
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, connection

from accounts import notifications

log = logging.getLogger(__name__)
PAUSE = 1  # seconds


class Command(BaseCommand):
    help = (
        "Send owners the mails about what happened to their mailboxes. Runs until it "
        "is told to stop; --once sends what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            self.stdout.write(f"{notifications.deliver_due()} mails sent")
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
            notifications.deliver_due()
        except DatabaseError as error:
            log.warning("the database is away: %s", type(error).__name__)
            connection.close()
