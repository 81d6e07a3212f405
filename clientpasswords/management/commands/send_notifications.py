import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import deliveries, workers
from accounts.notify import queue
from accounts.policy import reminders
from clientpasswords import replacing
from clientpasswords.lifetimes import expiry, inactivity

PAUSE = 1  # seconds
LOOK_EVERY = 60  # seconds between two looks at what nobody uses, and at what ends


class Command(BaseCommand):
    help = (
        "Send owners notices of security events and reminders of what is to come, and "
        "delete security passwords that were replaced. Runs until stopped; --once does "
        "what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        self._next_look = 0.0
        if options["once"]:
            workers.run_once(self._steps())
            self.stdout.write(f"{self._sent} mails sent")
        else:
            workers.run_forever("send_notifications", self._steps, pause=PAUSE)

    def _steps(self) -> Iterator[workers.Step]:
        yield replacing.delete_replaced
        yield reminders.send_requirement_reminders
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOK_EVERY
            yield inactivity.review
            yield expiry.notify_owners
            yield reminders.send_exception_reminders
        yield self._deliver

    def _deliver(self) -> None:
        self._sent = queue.deliver_due(deliveries.record_refused_notice)
