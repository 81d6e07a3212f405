"""How fast a mail server's log is followed into the history of logons."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import hosts
from deploy.mailhost import MailHost

MOST_LINES = 50_000


@dataclass(frozen=True)
class Followed:
    """What following a log to its end took."""

    lines: int
    elapsed: float  # seconds, PostgreSQL's included
    processor: float  # seconds of the follower alone

    @property
    def rate(self) -> float:
        """Lines in a second of one core."""
        return self.lines / self.processor


def measure(host: MailHost, folder: Path) -> tuple[Followed, Followed]:
    """Follow what the load before has left in the host's log, as if nobody had yet.

    First everything in it is new: each password is used for the first time, of which an
    event is made. Then the same comes again, as on the days that follow. In the log are
    thousands of programs that log on a few times each: what there is to be written is
    far more than of a few programs that log on all the time. What the command takes to
    start is not counted.
    """
    with host.dovecot_log.open() as file:
        lines = [*itertools.islice(file, MOST_LINES)]
    start = _run(host, folder / "empty.log", [])
    runs = [_run(host, folder / f"{name}.log", lines) for name in ("first", "again")]
    new, known = (
        Followed(len(lines), elapsed - start[0], processor - start[1])
        for elapsed, processor in runs
    )
    return new, known


def _run(host: MailHost, log: Path, lines: Sequence[str]) -> tuple[float, float]:
    """Return the seconds that passed, and those of the processor."""
    log.write_text("".join(lines))
    follow = [sys.executable, "manage.py", "follow_logons", str(log), "--once"]
    command = [*hosts.ENDS_WITH_US, *follow, "--node", "bench-follow"]
    before = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=hosts.ROOT,
        env=hosts.environment(hosts.portal_url(host)),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - before, usage.ru_utime + usage.ru_stime
