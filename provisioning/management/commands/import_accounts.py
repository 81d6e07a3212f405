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
from provisioning import columns, files, imports, passwd_files
from provisioning.files import MalformedFile, ParsedLine, Waiver
from provisioning.imports import ImportReport, LineResult, RefusedLines
from provisioning.plans import REFUSED, Rules

# How each format is read, and what ends its lines: csv looks for that by itself.
READERS = {
    "csv": (files.read_csv, ""),
    "passwd": (passwd_files.read_passwd, "\n"),
}

LOCKING = " or ".join(sorted(passwd_files.LOCKING))
KEPT = ", ".join(column.name for column in columns.COLUMNS if column.ignores_empty_cell)


class Command(BaseCommand):
    help = f"""\
Create mailboxes from a file, and change existing ones to match it. Importing the same
file again changes nothing.

A CSV file is in UTF-8, with commas, and has its column names in the first line:
{columns.describe_columns()}
Every column but address is optional; what has no column stays as it is. An empty cell
empties its value; {KEPT} is left alone.

A passwd-file is Dovecot's: user:password:uid:gid:gecos:home:shell:extra fields. The
address and the hash are imported. If the line refuses logons ({LOCKING}, a hash
that is empty, x, or begins with ! or *), the mailbox is not active.
Fields that let nobody in, such as uid, home or userdb_quota_rule, are left out and
counted. Lines with other fields, such as allow_nets or proxy, are refused.

The whole file is checked first. If a line is refused, nothing is written, unless
--skip-refused is given. The file is then written in parts of 1,000. After an
interruption, import it again."""

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """Keep the lines of the help as they are."""
        kwargs["formatter_class"] = RawDescriptionHelpFormatter
        return super().create_parser(*args, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=sorted(READERS), default="csv")
        parser.add_argument(
            "--dry-run", action="store_true", help="Only show what would be done."
        )
        parser.add_argument(
            "--skip-refused", action="store_true", help="Import the other lines."
        )
        parser.add_argument(
            "--without-unusable-hashes",
            action="store_true",
            help="Leave out hashes that cannot be imported. A new mailbox then has no "
            "web password; an existing one keeps its own.",
        )
        parser.add_argument(
            "--leave-out",
            nargs="+",
            action="extend",
            default=[],
            metavar="NAME",
            help="Leave out these columns or extra fields, even if they would refuse a "
            "logon.",
        )
        parser.add_argument(
            "--in-one",
            action="store_true",
            help="Write everything in one transaction, or nothing.",
        )
        parser.add_argument(
            "--create-domains",
            metavar="POLICY",
            help="Create missing domains with this policy.",
        )
        parser.add_argument(
            "--create-departments",
            action="store_true",
            help="Create missing departments without a policy.",
        )
        parser.add_argument("--reason", default="", help="Recorded in the audit log.")

    def handle(self, *args: Any, **options: Any) -> None:
        self._options = options
        self._by = events.command_actor("import_accounts")
        self._waived = self._what_is_waived()
        self._waived_here: set[str] = set()
        rules = self._rules()
        total = self._count_lines()
        found = self._look_through(rules, total)
        refused = found.counts[REFUSED]
        if options["dry_run"]:
            self._conclude(f"{found}; nothing was written", found)
        elif refused and not options["skip_refused"]:
            self._conclude(f"{found}", found)
        else:
            self._import(rules, total)
            return
        if refused:
            raise CommandError(f"{refused} lines are refused; nothing was written.")

    def _import(self, rules: Rules, total: int) -> None:
        why = self._options["reason"]
        parts = imports.carry_out(self._rows(), rules, by=self._by, why=why)
        in_one, done = self._options["in_one"], ImportReport()
        try:
            with transaction.atomic() if in_one else nullcontext():
                for _lines in self._counted(parts, total, "writing", done):
                    pass
        except BaseException:
            if not in_one:
                self._record(done)
            raise
        self._record(done)
        self._conclude(self.style.SUCCESS(f"{done}"), done)

    def _look_through(self, rules: Rules, total: int) -> ImportReport:
        """Say which lines are refused, and count all."""
        found, refusals = ImportReport(), RefusedLines()
        parts = imports.preview(self._rows(), rules)
        for lines in self._counted(parts, total, "looking", found):
            for line in lines:
                if self._options["verbosity"] > 1:
                    self._say(imports.describe_line(line))
                elif line.outcome == REFUSED:
                    refusals.add(line)
        for sentence in refusals:
            self._say(sentence)
        return found

    def _counted(
        self,
        parts: Iterator[list[LineResult]],
        total: int,
        what: str,
        report: ImportReport,
    ) -> Iterator[list[LineResult]]:
        """Yield the parts, each once it is counted."""
        # Not drawn where standard error is no terminal.
        with tqdm(total=total, desc=what, unit=" lines", disable=None) as bar:
            for lines in parts:
                report.add(lines)
                bar.update(len(lines))
                yield lines

    def _say(self, sentence: str) -> None:
        with tqdm.external_write_mode(nolock=True):
            self.stdout.write(sentence)

    def _conclude(self, counts: str, report: ImportReport) -> None:
        for sentence in (counts, *report.notes()):
            self.stdout.write(sentence)
        # The first line of CSV names its columns; here a field may be gone one day.
        nowhere = sorted(self._waived.names - self._waived_here)
        if nowhere and self._options["format"] == "passwd":
            self.stdout.write(
                f"in no line, and named by --leave-out: {', '.join(nowhere)}"
            )

    def _record(self, done: ImportReport) -> None:
        detail = {"file": self._options["file"].name, **done.counts}
        why = self._options["reason"]
        event = Event(Kind.IMPORTED, None, self._by, detail=detail, why=why)
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

    def _what_is_waived(self) -> Waiver:
        names = [name.strip() for name in self._options["leave_out"]]
        for name in names:
            # However it is written: columns are known without their capitals.
            if name.lower() in passwd_files.NEVER_WAIVED:
                raise CommandError(f"{name} decides who is let in: it is not left out.")
            if name.lower() in columns.BY_NAME:
                text = f"{name} is taken over: leave its column out yourself."
                raise CommandError(text)
        return Waiver(frozenset(names), self._options["without_unusable_hashes"])

    def _rows(self) -> Iterator[ParsedLine]:
        read, newline = READERS[self._options["format"]]
        try:
            with files.open_text(self._options["file"], newline=newline) as file:
                for row in read(file, self._waived):
                    self._waived_here.update(self._waived.names & {*row.left_out})
                    yield row
        except MalformedFile as error:
            raise CommandError(f"{error}; nothing was written.") from None

    def _count_lines(self) -> int:
        try:
            with self._options["file"].open("rb") as file:
                return sum(1 for _line in file)
        except OSError as error:
            raise CommandError(f"{error.filename}: {error.strerror}") from None
