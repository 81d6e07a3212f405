"""Where the processor time of a logon goes: by the processes that take part in it."""

import os
import time
from collections import defaultdict
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
DATABASE = "PostgreSQL"
LOAD = "the load itself"


class Watch:
    """Counts, from when it was made, what each kind of process uses.

    `socket` is one of the Dovecot that decides, and `postgres` the folder of the
    PostgreSQL that nobody else uses meanwhile.
    """

    def __init__(self, socket: Path, postgres: Path) -> None:
        self._instance, self._postgres = socket.parents[1].name, postgres
        self._before, self._ours = self._used(), time.process_time()

    def told(self, logons: float) -> str:
        """Return the microseconds of each kind of process for one of the logons."""
        ours = time.process_time() - self._ours
        spent = {
            kind: seconds - self._before.get(kind, 0)
            for kind, seconds in sorted(self._used().items())
        }
        each = {
            kind: used / logons * 1_000_000
            for kind, used in {**spent, LOAD: ours}.items()
            if used
        }
        return ", ".join(f"{kind} {micro:,.0f}" for kind, micro in each.items())

    def _used(self) -> dict[str, float]:
        return _used(self._instance, self._postgres)


def _used(instance: str, postgres: Path) -> dict[str, float]:
    """Return the seconds that each kind of process has used so far."""
    seconds: dict[str, float] = defaultdict(float)
    masters = _masters(postgres)
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_text().replace("\0", " ")
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        used = (int(fields[11]) + int(fields[12])) / TICK
        if int(fields[1]) in masters:
            seconds[DATABASE] += used
        elif f"{instance}/" in title:
            kind = title.partition(f"{instance}/")[2].split()[0]
            seconds["auth-worker" if " -w" in title else kind] += used
    return seconds


def _masters(postgres: Path) -> set[int]:
    """Return the process of that PostgreSQL whose children its connections are."""
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
