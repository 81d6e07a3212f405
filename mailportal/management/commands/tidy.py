from collections.abc import Callable
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts import budgets, deliveries, events, retention, workers
from accounts.events import Kind
from accounts.retention import Retention
from accounts.sessions import cutoffs
from accounts.signin import familiar
from administration.bulk import jobs
from clientpasswords import lifecycle
from clientpasswords.setup import links
from clientpasswords.usage import daily, history, known_networks, logon_days
from provisioning import statistics

TIDYING: dict[Retention, Callable[[], int]] = {
    retention.REVOKED_PASSWORDS: lifecycle.forget,
    retention.SET_UP_LINKS: links.forget,
    retention.LOGONS: history.forget,
    retention.DAILY_LOGONS: daily.forget,
    retention.DAILY_FIGURES: statistics.forget,
    retention.LOGON_DAYS: logon_days.forget,
    retention.KNOWN_NETWORKS: known_networks.forget,
    retention.CUTOFFS: cutoffs.forget,
    retention.BUDGETS: budgets.forget,
    retention.FAMILIAR_NETWORKS: familiar.forget,
    retention.SENT_CODES: deliveries.forget,
    retention.UNCONFIRMED_JOBS: jobs.delete_unconfirmed_jobs,
    retention.HEARTBEATS: workers.forget,
}


class Command(BaseCommand):
    help = "Delete what is no longer needed. Run it once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {kept.records: forget() for kept, forget in TIDYING.items()}
        call_command("clearsessions")
        deleted = {name: count for name, count in counts.items() if count}
        if deleted:
            events.record(Kind.TIDIED, None, by=events.command_actor("tidy"), **deleted)
        for name, count in counts.items() if options["verbosity"] else ():
            self.stdout.write(f"{name}: {count}")
        workers.Pulse("tidy").beat()
