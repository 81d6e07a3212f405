"""Break down the processor time of a logon by the processes that take part in it."""

import os
import time
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from deploy.mailhost import MailHost

TICK = os.sysconf("SC_CLK_TCK")
FOLLOWER = "follow_logons"
DATABASE = "PostgreSQL"
LOAD = "the load itself"


class Process(NamedTuple):
    """A process that takes part in logons."""

    kind: str
    pid: int


class CpuBreakdown:
    """Counts, from its creation, what each kind of process uses.

    The Dovecot of `host` decides. `postgres` is the folder of a PostgreSQL that nobody
    else uses meanwhile. Processes that end in between do not count.
    """

    def __init__(self, host: MailHost, postgres: Path) -> None:
        self._instance = host.socket("auth-client").parents[1].name
        self._log, self._postgres = str(host.dovecot_log), postgres
        self._before, self._ours = self._used(), time.process_time()

    def describe(self, logons: float) -> str:
        """Return the microseconds of each kind of process for each logon, as text."""
        spent: dict[str, float] = defaultdict(float)
        for process, seconds in sorted(self._used().items()):
            spent[process.kind] += seconds - self._before.get(process, 0)
        spent[LOAD] = time.process_time() - self._ours
        each = {kind: used / logons * 1_000_000 for kind, used in spent.items() if used}
        return ", ".join(f"{kind} {micro:,.0f}" for kind, micro in each.items())

    def _used(self) -> dict[Process, float]:
        """Return the seconds that each process has used so far."""
        seconds = {}
        masters = _masters(self._postgres)
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                title = (folder / "cmdline").read_text()
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended meanwhile
                continue
            kind = DATABASE if int(fields[1]) in masters else self._kind(title)
            if kind:
                process = Process(kind, int(folder.name))
                seconds[process] = (int(fields[11]) + int(fields[12])) / TICK
        return seconds

    def _kind(self, title: str) -> str:
        """Return the kind of process of the host; "" if it belongs to another."""
        if self._log in title:
            return FOLLOWER
        name = title.partition(f"{self._instance}/")[2]
        # A worker of 2.4 whose line to auth was closed shows a blank for its arguments.
        if name.startswith(("auth\0-w", "auth ")):
            return "auth-worker"
        return name.partition("\0")[0].partition(" ")[0]


def _masters(postgres: Path) -> set[int]:
    """Return the main process of that PostgreSQL, the parent of its connections."""
    return {
        int(file.parent.name)
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if f"{postgres}/data" in _text(file)
    }


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
