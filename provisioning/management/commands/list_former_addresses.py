from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import addresses
from accounts.models import Account, FormerAddress
from provisioning import former_addresses
from provisioning.reused_addresses import find_reused_addresses


class Command(BaseCommand):
    help = (
        "List former addresses that no other mailbox can have, with tabs: address, "
        "since when, why, the current address of the mailbox, and its folder."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--domain", help="Only those of this domain.")
        parser.add_argument(
            "--reused",
            action="store_true",
            help=(
                "Instead, list from the audit log those that another mailbox has "
                "without a release. Check whose mail is in their folders."
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        domain = addresses.normalise_domain(options["domain"] or "")
        if options["reused"]:
            for each in find_reused_addresses(domain):
                self._tell(each.address, each.left_at, each.because, each.left_by)
            return
        rows = FormerAddress.objects.select_related("account").order_by("address")
        if domain:
            rows = rows.filter(domain=domain)
        for row in rows.iterator(chunk_size=1000):
            self._tell(row.address, row.left_at, row.because, row.account)

    def _tell(
        self, address: str, left_at: datetime, because: str, mailbox: Account | None
    ) -> None:
        cells = [
            address,
            left_at.isoformat(timespec="seconds"),
            because,
            mailbox.address if mailbox else "-",
            former_addresses.mail_home(address),
        ]
        self.stdout.write("\t".join(cells))
