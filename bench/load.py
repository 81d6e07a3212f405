"""Load: logons over several connections at once, and what they cost."""

import contextlib
import itertools
import os
import select
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.authsocket import AuthSocket, Logon, Verdict

CONNECTIONS = 4
WARM_UP = 0.5  # seconds


@dataclass(frozen=True)
class Result:
    """What came out of a while of load."""

    seconds: float
    verdicts: Counter[Verdict]

    @property
    def rate(self) -> float:
        """Decisions a second."""
        return self.verdicts.total() / self.seconds


def measure(
    path: Path, logons: Iterator[Logon], *, seconds: float, in_flight: int
) -> Result:
    """Return what happened within `seconds` after a moment to warm up.

    As soon as a logon is decided the next one is asked for. This is made to take little
    of the processor, as it shares it with what is measured.
    """
    verdicts: Counter[Verdict] = Counter()
    with contextlib.ExitStack() as open_:
        connections = [
            open_.enter_context(AuthSocket(path)) for _ in range(CONNECTIONS)
        ]
        for connection in connections:
            connection.send(list(itertools.islice(logons, in_flight // CONNECTIONS)))
        under_way = in_flight
        start = time.monotonic() + WARM_UP
        end = start + seconds
        while under_way:
            ready, _, _ = select.select(connections, [], [])
            now = time.monotonic()
            for connection in ready:
                answers = connection.count()
                decided = answers.total()
                if now < end:
                    connection.send(list(itertools.islice(logons, decided)))
                else:
                    under_way -= decided
                if start <= now < end:
                    verdicts += answers
    return Result(seconds, verdicts)


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
