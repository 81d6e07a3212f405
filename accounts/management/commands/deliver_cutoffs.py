from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import cutoffs, workers

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
        else:
            workers.go_on(cutoffs.deliver_due, pause=PAUSE)
