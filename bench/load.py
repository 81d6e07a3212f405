"""Make load with logons over several connections, and measure what they cost."""

import contextlib
import itertools
import os
import select
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.authsocket import AuthSocket, Logon, Verdict

CONNECTIONS = 4
WARM_UP = 0.5  # seconds


@dataclass(frozen=True)
class Result:
    """The result of a period of load."""

    seconds: float
    verdicts: Counter[Verdict]
    # Of the processes that were watched meanwhile.
    processor_seconds: float = 0

    @property
    def rate(self) -> float:
        """Decisions a second."""
        return self.verdicts.total() / self.seconds


def measure(
    path: Path | Sequence[Path],
    logons: Iterator[Logon],
    *,
    seconds: float,
    in_flight: int,
    used: Callable[[], float] = lambda: 0,
) -> Result:
    """Return the result of `seconds` of load after a short warm-up.

    As soon as a logon is decided, the next one starts. This uses little of the
    processor, as it shares it with what is measured. `path` is one socket for all
    connections, or one for each. `used` returns the processor time of the watched
    processes; it is called at the start and at the end.
    """
    verdicts: Counter[Verdict] = Counter()
    with contextlib.ExitStack() as open_:
        doors = [path] * CONNECTIONS if isinstance(path, Path) else path
        lines = [open_.enter_context(AuthSocket(door)) for door in doors]
        for connection in lines:
            connection.send(list(itertools.islice(logons, in_flight // len(lines))))
        under_way = in_flight
        spent: list[float] = []
        start = time.monotonic() + WARM_UP
        end = start + seconds
        while under_way:
            ready, _, _ = select.select(lines, [], [])
            now = time.monotonic()
            if now >= (end if spent else start) and len(spent) < len((start, end)):
                spent.append(used())
            for connection in ready:
                answers = connection.count()
                decided = answers.total()
                if now < end:
                    connection.send(list(itertools.islice(logons, decided)))
                else:
                    under_way -= decided
                if start <= now < end:
                    verdicts += answers
    return Result(seconds, verdicts, spent[-1] - spent[0])


def latencies(
    path: Path, logons: Iterator[Logon], *, seconds: float, in_flight: int
) -> list[float]:
    """Return how many seconds each decision took, under the same load."""
    spent: list[float] = []
    with AuthSocket(path) as connection:
        now = time.monotonic()
        end = now + seconds
        asked = connection.send(list(itertools.islice(logons, in_flight)))
        since = dict.fromkeys(asked, now)
        while since:
            answers = connection.receive()
            now = time.monotonic()
            spent += [now - since.pop(number) for number, _ in answers]
            if now < end:
                asked = connection.send(list(itertools.islice(logons, len(answers))))
                since |= dict.fromkeys(asked, now)
    return spent


def processor_seconds(instance: str) -> float:
    """Return the processor time of an instance's processes that decide logons."""
    ticks = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{instance}/auth" in (folder / "cmdline").read_text():
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
                ticks += int(fields[11]) + int(fields[12])
        except OSError:  # it has ended meanwhile
            continue
    return ticks / os.sysconf("SC_CLK_TCK")
