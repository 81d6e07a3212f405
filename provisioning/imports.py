"""Import a file of mailboxes: preview it first, then write it in parts.

Each part is one transaction. After an interruption, import the same file again: what is
as wanted already does not change.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from accounts.events import Actor
from provisioning import apply, plans
from provisioning.files import ParsedLine
from provisioning.plans import REFUSED, PlannedMailbox, Rules

PART_SIZE = 1000  # mailboxes in one transaction
MAX_LISTED_SINGLY = 3  # lines with the same error that are listed singly
MAX_LINE_NUMBERS = 10  # line numbers that are listed if there are more


@dataclass(frozen=True)
class LineResult:
    """The result of one line of the file, or its preview."""

    number: int
    address: str
    # Empty: the line is not about a mailbox.
    outcome: str
    # The fields that change, and the errors.
    names: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    # See `ParsedLine`.
    left_out: frozenset[str] = frozenset()
    locked_by: frozenset[str] = frozenset()


@dataclass
class ImportReport:
    """Counts of outcomes, and of what was left out in lines that are not refused.

    A field that is twice in a line counts once.
    """

    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    locked_by: Counter[str] = field(default_factory=Counter)

    def add(self, lines: Iterable[LineResult]) -> None:
        for line in lines:
            self.counts.update([line.outcome] if line.outcome else [])
            if line.outcome != REFUSED:
                self.left_out.update(line.left_out)
                self.locked_by.update(line.locked_by)

    def __str__(self) -> str:
        names = (plans.CREATED, plans.CHANGED, plans.UNCHANGED, plans.REFUSED)
        return ", ".join(f"{self.counts[name]} {name}" for name in names)

    def notes(self) -> Iterator[str]:
        """Yield a sentence on what was locked, and one on what was left out."""
        if self.locked_by:
            yield f"not active, being locked there: {_format_counts(self.locked_by)}"
        if self.left_out:
            yield f"left out: {_format_counts(self.left_out)}"


@dataclass
class RefusedLines:
    """Refused lines, grouped by their errors."""

    # By the errors without digits, because an error may name another line.
    groups: dict[str, list[LineResult]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, line: LineResult) -> None:
        reason = re.sub(r"\d+", "0", "; ".join(line.errors))
        self.counts[reason] += 1
        lines = self.groups.setdefault(reason, [])
        if len(lines) < MAX_LINE_NUMBERS:
            lines.append(line)

    def __iter__(self) -> Iterator[str]:
        """Yield a sentence for each group, or for each line of a small group."""
        for reason, lines in self.groups.items():
            count, first = self.counts[reason], lines[0]
            if count <= MAX_LISTED_SINGLY:
                yield from map(describe_line, lines)
                continue
            numbers = ", ".join(str(line.number) for line in lines)
            more = f" and {count - len(lines)} more" if count > len(lines) else ""
            yield f"lines {numbers}{more}: {REFUSED}: {'; '.join(first.errors)}"


def describe_line(line: LineResult) -> str:
    """Return the result of one line as a sentence."""
    if not line.outcome:
        return f"line {line.number}: left out: {', '.join(sorted(line.left_out))}"
    what = "; ".join(line.errors) or ", ".join(line.names)
    parts = [f"line {line.number}", line.address, line.outcome, what]
    return ": ".join(part for part in parts if part)


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(
        f"{name} in {count} line{'s' if count > 1 else ''}"
        for name, count in sorted(counts.items())
    )


def preview(rows: Iterable[ParsedLine], rules: Rules) -> Iterator[list[LineResult]]:
    """Yield the results of each part; nothing is written."""
    yield from _work_in_parts(rows, lambda good: plans.plan(good, rules, lock=False))


def carry_out(
    rows: Iterable[ParsedLine], rules: Rules, *, by: Actor, why: str
) -> Iterator[list[LineResult]]:
    """Write each part, and yield its results."""
    yield from _work_in_parts(
        rows, lambda good: apply.provision(good, rules, by=by, why=why)
    )


def _work_in_parts(
    rows: Iterable[ParsedLine],
    act: Callable[[list[plans.WantedMailbox]], list[PlannedMailbox]],
) -> Iterator[list[LineResult]]:
    seen: dict[str, int] = {}
    rest = iter(rows)
    while part := list(islice(rest, PART_SIZE)):
        lines = {row.line: _refuse_unplanned(row, seen) for row in part}
        good = [row for row in part if lines[row.line] is None]
        planned = act([row.wanted for row in good if row.wanted])
        for row, each in zip(good, planned, strict=True):
            lines[row.line] = _make_result(row, each)
        yield [line for line in lines.values() if line is not None]


def _refuse_unplanned(row: ParsedLine, seen: dict[str, int]) -> LineResult | None:
    """Return the result of a line that is refused or about no mailbox.

    None: the line has to be planned.
    """
    errors = dict(row.errors)
    first = seen.setdefault(row.address, row.line) if row.address else row.line
    if first != row.line:
        errors["address"] = f"the same address is in line {first}"
    if not errors and row.wanted:
        return None
    if not errors:
        return LineResult(row.line, "", "", left_out=frozenset(row.left_out))
    return LineResult(row.line, row.address, REFUSED, errors=_format_errors(errors))


def _make_result(row: ParsedLine, planned: PlannedMailbox) -> LineResult:
    names = tuple(sorted(planned.changed.difference(plans.UNRECORDED_FIELDS)))
    if planned.outcome == REFUSED:
        names = ()
    return LineResult(
        row.line,
        row.address,
        planned.outcome,
        names,
        _format_errors(planned.errors),
        frozenset(row.left_out),
        frozenset(row.locked_by),
    )


def _format_errors(errors: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {reason}" if name else reason for name, reason in errors.items()
    )
