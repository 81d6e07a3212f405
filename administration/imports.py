"""Importing a list of mailboxes: looked through first, then written in parts.

A part is one transaction. Whoever dies with it leaves it as it was; to import the same
file again goes on from there, as what is as wanted already does not change.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from accounts.events import Actor
from administration import plans, provisioning
from administration.mailboxfiles import Row
from administration.plans import REFUSED, Planned, Rules

PART = 1000  # mailboxes in one transaction


@dataclass(frozen=True)
class Line:
    """What became of one line of the file, or would become of it."""

    number: int
    address: str
    outcome: str
    # What would change, or field and reason of each fault.
    names: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()


@dataclass
class Report:
    """How many lines came to what."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, lines: Iterable[Line]) -> None:
        self.counts.update(line.outcome for line in lines)

    def __str__(self) -> str:
        names = (plans.CREATED, plans.CHANGED, plans.UNCHANGED, plans.REFUSED)
        return ", ".join(f"{self.counts[name]} {name}" for name in names)


def look_through(rows: Iterable[Row], rules: Rules) -> Iterator[list[Line]]:
    """Yield part by part what would become of the lines; nothing is written."""
    yield from _parts(rows, lambda good: plans.plan(good, rules, lock=False))


def carry_out(
    rows: Iterable[Row], rules: Rules, *, by: Actor, why: str
) -> Iterator[list[Line]]:
    """Yield part by part what has become of the lines, each part once it is written."""
    yield from _parts(
        rows, lambda good: provisioning.provision(good, rules, by=by, why=why)
    )


def _parts(
    rows: Iterable[Row], act: Callable[[list[plans.Wanted]], list[Planned]]
) -> Iterator[list[Line]]:
    seen: dict[str, int] = {}
    rest = iter(rows)
    while part := list(islice(rest, PART)):
        lines = {row.line: _refused(row, seen) for row in part}
        good = [row for row in part if lines[row.line] is None and row.wanted]
        planned = act([row.wanted for row in good if row.wanted])
        for row, each in zip(good, planned, strict=True):
            lines[row.line] = _line(row, each)
        yield [line for line in lines.values() if line is not None]


def _refused(row: Row, seen: dict[str, int]) -> Line | None:
    """What is wrong with the line by itself, or beside those before it."""
    faults = dict(row.faults)
    first = seen.setdefault(row.address, row.line) if row.address else row.line
    if first != row.line:
        faults["address"] = f"the same address is in line {first}"
    if not faults:
        return None
    return Line(row.line, row.address, REFUSED, faults=_told(faults))


def _line(row: Row, planned: Planned) -> Line:
    names = tuple(sorted(planned.changed - provisioning.NOT_TOLD))
    if planned.outcome == REFUSED:
        names = ()
    faults = _told(planned.faults)
    return Line(row.line, row.address, planned.outcome, names, faults)


def _told(faults: dict[str, str]) -> tuple[str, ...]:
    return tuple(
        f"{name}: {reason}" if name else reason for name, reason in faults.items()
    )
