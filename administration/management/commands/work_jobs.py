import time

from django.core.management.base import BaseCommand, CommandParser

from accounts import workers
from administration.bulk import jobs
from provisioning import statistics

PAUSE = 1  # seconds
BUSY = 4  # seconds of work, after which others have the database for a while


class Command(BaseCommand):
    help = (
        "Run the bulk actions that administrators have started, and keep the numbers "
        "of the overview current. Runs until stopped; --once does what is due now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        if options["once"]:
            workers.run_once([self._work_all, statistics.refresh_figures])
        else:
            steps = [statistics.refresh_figures, self._work]
            workers.run_forever("work_jobs", lambda: steps, pause=PAUSE)

    def _work_all(self) -> None:
        while jobs.work_due_jobs():
            pass

    def _work(self) -> None:
        end = time.monotonic() + BUSY
        while jobs.work_due_jobs() and time.monotonic() < end:
            pass
