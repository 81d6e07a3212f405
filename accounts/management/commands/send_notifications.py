from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import notifications, workers

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
        else:
            workers.go_on(notifications.deliver_due, pause=PAUSE)
