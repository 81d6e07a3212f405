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
from bench.authsocket import Logon, ask
from deploy.lifetime import tie_to_parent
from deploy.mailhost import MailHost
from deploy.postgres import PrivatePostgres

MOST_LINES = 50_000
AT_ONCE = 200  # logons
# Until a follower has read a log to its end. What repeats it keeps for half a minute.
PATIENCE = 300.0  # seconds


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


def acquaint(
    host: MailHost, logons: Sequence[Logon], postgres: PrivatePostgres
) -> None:
    """Have the host's follower see each of these once, and wait until all is written.

    From then on they are programs that the portal knows, as nearly all of a host's are
    on every day but their first.

    Raises:
        TimeoutError: the follower does not come to the end of the log.
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
