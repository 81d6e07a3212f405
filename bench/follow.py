"""How fast a mail server's log is followed into the history of logons."""

import itertools
import os
import subprocess
import sys
import time
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


def measure(host: MailHost, folder: Path) -> Followed:
    """Follow what the load before has left in the host's log, as if nobody had yet.

    Every account of the load is in it with all of its passwords, so that far more is to
    be written than on a day of the same programs logging on again and again. What the
    command takes to start is not counted.
    """
    log, empty = folder / "followed.log", folder / "empty.log"
    empty.touch()
    with host.dovecot_log.open() as file:
        lines = [*itertools.islice(file, MOST_LINES)]
    log.write_text("".join(lines))
    start = _run(host, empty)
    whole = _run(host, log)
    return Followed(len(lines), whole[0] - start[0], whole[1] - start[1])


def _run(host: MailHost, log: Path) -> tuple[float, float]:
    """Return the seconds that passed, and those of the processor."""
    command = [sys.executable, "manage.py", "follow_logons", str(log), "--once"]
    before = time.monotonic()
    process = subprocess.Popen(
        [*command, "--node", "bench-follow"],
        cwd=hosts.ROOT,
        env=hosts.environment(hosts.portal_url(host)),
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.monotonic() - before, usage.ru_utime + usage.ru_stime
