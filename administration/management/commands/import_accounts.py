from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from accounts import events
from accounts.events import Event, Kind
from accounts.models import Policy
from administration import imports, mailboxfiles
from administration.imports import Line, Report
from administration.mailboxfiles import Malformed, Row
from administration.plans import REFUSED, Rules

READERS = {"csv": mailboxfiles.read_csv, "passwd": mailboxfiles.read_passwd}


class Command(BaseCommand):
    help = f"""\
Make mailboxes, and bring those that exist to what a file says. Importing the same
file again changes nothing.

A CSV file is in UTF-8, with commas, and names its columns in the first line:
  {", ".join(mailboxfiles.COLUMNS)}
All but address may be missing and then stay as they are. An empty cell empties what it
is about, but for password and active, which it leaves alone.
  department    of the address's domain, by name
  language      en, de, zh-hans or zh-hant
  phone         as +493012345678
  password      {{SCHEME}}hash as Dovecot writes it; never in clear
  active        yes or no
  policy        the mailbox's own, by name; policy_until ends it, as 2027-01-31T18:00Z

A passwd-file is Dovecot's: address:{{SCHEME}}hash, and whatever follows is ignored.

The file is looked through first. If a line is refused nothing is written, unless
--skip-refused says to import the others. Then it is written in parts of 1,000; after an
interruption import it again."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """Keep the lines of the help as they are."""
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=sorted(READERS), default="csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="Only tell what would be done."
        )
        parser.add_argument(
            "--skip-refused", action="store_true", help="Import the other lines."
        )
        parser.add_argument(
            "--in-one",
            action="store_true",
            help="Write everything in one transaction, or nothing.",
        )
        parser.add_argument(
            "--create-domains",
            metavar="POLICY",
            help="Make domains that are not there, with this policy.",
        )
        parser.add_argument(
            "--create-departments",
            action="store_true",
            help="Make departments that are not there, without a policy.",
        )
        parser.add_argument(
            "--reason", default="", help="Goes into the record of events."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self._options = options
        self._by = events.by_command("import_accounts")
        rules = self._rules()
        total = self._count_lines()
        found = self._tell(imports.look_through(self._rows(), rules), total, "looking")
        refused = found.counts[REFUSED]
        if options["dry_run"]:
            self.stdout.write(f"{found}; nothing was written")
        elif refused and not options["skip_refused"]:
            self.stdout.write(f"{found}")
        else:
            self._import(rules, total)
            return
        if refused:
            raise CommandError(f"{refused} lines are refused; nothing was written.")

    def _import(self, rules: Rules, total: int) -> None:
        why = self._options["reason"]
        parts = imports.carry_out(self._rows(), rules, by=self._by, why=why)
        in_one, done = self._options["in_one"], Report()
        try:
            with transaction.atomic() if in_one else nullcontext():
                self._tell(parts, total, "writing", done)
        except BaseException:
            if not in_one:
                self._record(done)
            raise
        self._record(done)
        self.stdout.write(self.style.SUCCESS(f"{done}"))

    def _tell(
        self,
        parts: Iterator[list[Line]],
        total: int,
        what: str,
        report: Report | None = None,
    ) -> Report:
        """Go through the parts; say which lines are refused, and count all."""
        report = report or Report()
        # Not drawn where standard error is no terminal.
        with tqdm(total=total, desc=what, unit=" lines", disable=None) as bar:
            for lines in parts:
                report.add(lines)
                bar.update(len(lines))
                for line in lines if what == "looking" else ():
                    self._tell_line(line)
        return report

    def _tell_line(self, line: Line) -> None:
        if line.outcome != REFUSED and self._options["verbosity"] < 2:  # noqa: PLR2004
            return
        what = "; ".join(line.faults) or ", ".join(line.names)
        parts = [f"line {line.number}", line.address, line.outcome, what]
        with tqdm.external_write_mode(nolock=True):
            self.stdout.write(": ".join(part for part in parts if part))

    def _record(self, done: Report) -> None:
        told = {"file": self._options["file"].name, **done.counts}
        why = self._options["reason"]
        event = Event(Kind.IMPORTED, None, self._by, detail=told, why=why)
        events.record_all([event])

    def _rules(self) -> Rules:
        name, policy = self._options["create_domains"], None
        if name is not None:
            policy = Policy.objects.filter(name=name).first()
            if policy is None:
                raise CommandError(f"There is no policy {name!r}.")
            if policy.domain is not None:
                raise CommandError(f"The policy {name!r} belongs to one domain.")
        return Rules(policy, self._options["create_departments"])

    def _rows(self) -> Iterator[Row]:
        # What is no UTF-8 is kept for its line to be told of.
        try:
            with self._options["file"].open(
                encoding="utf-8", errors="surrogateescape", newline=""
            ) as file:
                yield from READERS[self._options["format"]](file)
        except Malformed as error:
            raise CommandError(f"{error}; nothing was written.") from None

    def _count_lines(self) -> int:
        try:
            with self._options["file"].open("rb") as file:
                return sum(1 for _line in file)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
