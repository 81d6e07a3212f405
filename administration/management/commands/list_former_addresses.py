from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.models import FormerAddress
from administration import formeraddresses


class Command(BaseCommand):
    help = (
        "List the addresses that mailboxes have left and no other can have: address, "
        "since when, why, what the mailbox is called now, and its folder, with tabs."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--domain", help="Those of this domain only.")

    def handle(self, *args: Any, **options: Any) -> None:
        rows = FormerAddress.objects.select_related("account").order_by("address")
        if options["domain"]:
            rows = rows.filter(domain=options["domain"].lower())
        for former in rows.iterator(chunk_size=1000):
            cells = [
                former.address,
                former.left_at.isoformat(timespec="seconds"),
                former.because,
                former.account.address if former.account else "-",
                formeraddresses.home_of(former.address),
            ]
            self.stdout.write("\t".join(cells))
