from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from accounts import budgets, events
from accounts.events import Kind
from accounts.sessions import cutoffs
from administration.bulk import jobs
from clientpasswords import lifecycle
from clientpasswords.setup import links
from clientpasswords.usage import history, known_networks


class Command(BaseCommand):
    help = "Delete what is no longer needed; meant for once a day."

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {
            "deleted security passwords": lifecycle.forget(),
            "old links for set-up": links.forget(),
            "old mail logons": history.forget(),
            "networks out of use": known_networks.forget(),
            "finished cut-offs": cutoffs.forget(),
            "old limits": budgets.forget(),
            "actions that nobody confirmed": jobs.forget(),
        }
        call_command("clearsessions")
        deleted = {name: count for name, count in counts.items() if count}
        if deleted:
            events.record(Kind.TIDIED, None, by=events.by_command("tidy"), **deleted)
        for name, count in counts.items():
            self.stdout.write(f"{name}: {count}")
