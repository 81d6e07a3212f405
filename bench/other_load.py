"""Measure how much other programs used the processor: such a round does not count."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


class OtherLoad:
    """Counts, from its creation, what others than this run used."""

    def __init__(self) -> None:
        self._busy, self._ours = _measure_busy_seconds(), _measure_our_seconds()

    def seconds(self) -> float:
        """Return the seconds of processor time that were not ours.

        Ours are this process, its children, and PostgreSQL, which detaches from its
        parent.
        """
        ours = _measure_our_seconds() - self._ours
        return _measure_busy_seconds() - self._busy - ours


def _measure_busy_seconds() -> float:
    """Return the seconds that all processors were busy since the machine started."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def _measure_our_seconds() -> float:
    """Return the processor time of our processes that still run."""
    times: dict[int, int] = {}
    parents: dict[int, int] = {}
    ours = {os.getpid()}
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = file.read_text()
        except OSError:  # it has ended meanwhile
            continue
        pid, name, fields = int(file.parent.name), *text.rpartition(")")[::2]
        columns = fields.split()
        parents[pid] = int(columns[1])
        times[pid] = int(columns[11]) + int(columns[12])
        if name.endswith("(postgres"):
            ours.add(pid)
    mine = [pid for pid in times if _descends(pid, ours, parents)]
    return sum(times[pid] for pid in mine) / TICK


def _descends(pid: int, ours: set[int], parents: dict[int, int]) -> bool:
    while pid in parents:
        if pid in ours:
            return True
        pid = parents[pid]
    return False
