"""Did anybody else use the processor meanwhile? Such a round says nothing."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


class Watch:
    """Counts, from when it was made, what others than this run used."""

    def __init__(self) -> None:
        self._busy, self._ours = _busy(), _ours()

    def others(self) -> float:
        """Return the seconds of processor time that were not ours.

        Ours is this process, whatever it started, and PostgreSQL, which leaves those
        who start it.
        """
        return (_busy() - self._busy) - (_ours() - self._ours)


def _busy() -> float:
    """Return how long all processors together were not idle, since they started."""
    first = Path("/proc/stat").read_text().partition("\n")[0].split()
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, first[1:9])
    return (user + nice + system + irq + softirq + steal) / TICK


def _ours() -> float:
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
