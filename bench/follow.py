"""Measure how fast a mail server's log is read into the logon history."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import hosts
from bench.authsocket import Logon, ask
from deploy.lifetime import tie_to_parent
from deploy.mailhost import MailHost
from deploy.postgres import PrivatePostgres

MOST_LINES = 50_000
AT_ONCE = 200  # logons
# Until a follower has read a log to its end. It holds repetitions for half a minute.
PATIENCE = 300.0  # seconds


@dataclass(frozen=True)
class FollowResult:
    """The cost of following a log to its end."""

    lines: int
    elapsed: float  # seconds, PostgreSQL's included
    processor: float  # seconds of the follower alone

    @property
    def rate(self) -> float:
        """Lines in a second of one core."""
        return self.lines / self.processor


def measure(host: MailHost, folder: Path) -> tuple[FollowResult, FollowResult]:
    """Follow the log of the load before, as if nobody had read it yet.

    In the first run everything is new: each password is used for the first time, which
    creates an event. The second run repeats it, as on the days that follow. The log has
    thousands of programs with a few logons each: that takes far more writing than a few
    programs with many logons. The start of the command is not counted.
    """
    with host.dovecot_log.open() as file:
        lines = [*itertools.islice(file, MOST_LINES)]
    start = _run(host, folder / "empty.log", [])
    runs = [_run(host, folder / f"{name}.log", lines) for name in ("first", "again")]
    new, known = (
        FollowResult(len(lines), elapsed - start[0], processor - start[1])
        for elapsed, processor in runs
    )
    return new, known


def make_logons_known(
    host: MailHost, logons: Sequence[Logon], postgres: PrivatePostgres
) -> None:
    """Make each of these logons once, and wait until the follower has written it.

    Afterwards the portal knows these programs, as it knows nearly all programs of a
    host on every day but their first.

    Raises:
        TimeoutError: the follower does not reach the end of the log.
    """
    for start in range(0, len(logons), AT_ONCE):
        ask(host.socket("auth-client"), logons[start : start + AT_ONCE])
    size = host.dovecot_log.stat().st_size
    deadline = time.monotonic() + PATIENCE
    database = host.database_url.rpartition("/")[2]
    how_far = 'SELECT max("offset") FROM clientpasswords_followedlog'
    while int(postgres.run_sql(how_far, database=database)) < size:
        if time.monotonic() > deadline:
            message = f"{host.dovecot_log} is not followed"
            raise TimeoutError(message)
        time.sleep(0.5)


def _run(host: MailHost, log: Path, lines: Sequence[str]) -> tuple[float, float]:
    """Return the seconds that passed, and those of the processor."""
    log.write_text("".join(lines))
    follow = [sys.executable, "manage.py", "follow_logons", str(log), "--once"]
    command = tie_to_parent([*follow, "--node", "bench-follow"])
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
