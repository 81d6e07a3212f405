import csv
import os
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts import addresses, events
from accounts.events import Event, Kind
from accounts.models import Account, Domain
from provisioning.columns import COLUMNS, PASSWORD, RELATED_FIELDS

AT_ONCE = 2000  # mailboxes in memory
OWNER_ONLY = 0o600


class Command(BaseCommand):
    help = (
        "Write the mailboxes into a new CSV file that import_accounts can read. Only "
        "its owner can read the file. It never contains security passwords, "
        "administrators' rights, or the policies of domains and departments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--domain", help="Only the mailboxes of this domain.")
        parser.add_argument(
            "--with-hashes",
            action="store_true",
            help="Include the hashes of web passwords. Whoever gets them can guess "
            "passwords unnoticed.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        domain = addresses.normalise_domain(options["domain"] or "")
        with_hash = options["with_hashes"]
        if domain and not Domain.objects.filter(name=domain).exists():
            raise CommandError(f"The domain {domain} is none of this host.")
        try:
            # A new one: another's rights to an old one would stay.
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            descriptor = os.open(options["file"], flags, OWNER_ONLY)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
        rows = Account.objects.all()
        if domain:
            rows = rows.filter(domain__name=domain)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            count = self._write(file, rows, with_hash=with_hash)
        detail: dict[str, str | int] = {
            "mailboxes": count,
            "domain": domain,
            "hashes": "yes" if with_hash else "no",
        }
        by = events.command_actor("export_accounts")
        events.record_all([Event(Kind.EXPORTED, None, by, detail=detail)])
        self.stdout.write(self.style.SUCCESS(f"{count} mailboxes exported"))

    def _write(self, file: IO[str], rows: Any, *, with_hash: bool) -> int:
        columns = [each for each in COLUMNS if with_hash or each is not PASSWORD]
        writer = csv.writer(file)
        writer.writerow([column.name for column in columns])
        found = rows.order_by("address").select_related(*RELATED_FIELDS)
        count = 0
        for account in tqdm(
            found.iterator(AT_ONCE), desc="exporting", unit=" mailboxes", disable=None
        ):
            writer.writerow([column.format_cell(account) for column in columns])
            count += 1
        return count
