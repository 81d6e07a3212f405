"""Waiting for what was started, however slow the machine is.

A busy or small machine takes twenty times as long as another one. So no clock decides
that a start has failed, but whether the process has ended, or stands still.
"""

import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from deploy.ports import answers

TICKS = os.sysconf("SC_CLK_TCK")  # in a second of the processor's time
# A process that uses less of one processor than this part of it stands still: servers
# that wait for somebody look around now and then.
STANDS_STILL = 1 / 300

Process = subprocess.Popen[bytes]


class NotReady(Exception):
    """Waiting came to nothing: why, in a sentence without a full stop."""


@dataclass(frozen=True)
class Patience:
    """How many seconds to wait in silence, between two words, and at most."""

    first_word: float = 5
    between_words: float = 15
    # How long a process may do next to nothing.
    still: float = 60
    # How long one may be at work: something that turns in a circle never stands still.
    longest: float = 900


PATIENCE = Patience()


def wait_until_ready(
    who: str,
    ready: Callable[[], bool],
    process: Process,
    *,
    aim: str = "answer",
    patience: Patience = PATIENCE,
) -> None:
    """Return when it is ready, as long as `process` or what it started is at work.

    `who` and `aim` say on the terminal what is waited for: "the portal", "answer".

    Raises:
        NotReady: the process ended, or stands still, or is at it for too long.
    """
    begin = time.monotonic()
    next_word = begin + patience.first_word
    work = _Work(process.pid, patience.still)
    while not ready():
        if process.poll() is not None:
            raise NotReady(f"{_upper(who)} {how_it_ended(process)}")
        now = time.monotonic()
        if work.stands_still(now):
            still = f"has done next to nothing for {patience.still:.0f} seconds"
            raise NotReady(f"{_upper(who)} does not {aim} and {still}")
        if now - begin > patience.longest:
            longest = f"after {patience.longest / 60:.0f} minutes"
            raise NotReady(f"{_upper(who)} does not {aim} {longest}")
        if now > next_word:
            say(f"Still waiting for {who} to {aim}, after {now - begin:.0f} seconds …")
            next_word = now + patience.between_words
        time.sleep(0.05)


def wait_until_ended(
    who: str, process: Process, *, patience: Patience = PATIENCE
) -> int:
    """Return the exit code, when there is one; however this is left, it has ended.

    Raises:
        NotReady: the process stood still, or was at it for too long.
    """

    def ended() -> bool:
        return process.poll() is not None

    try:
        wait_until_ready(who, ended, process, aim="end", patience=patience)
    finally:
        if not ended():
            process.kill()
        code = process.wait()
    return code


def run_to_its_end(who: str, command: Sequence[str], log: IO[bytes]) -> int:
    """Run a command in /, with what it prints in `log`; return its exit code.

    Raises:
        NotReady: it stood still, or was at it for too long.
    """
    process = subprocess.Popen(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    return wait_until_ended(who, process)


def wait_until_it_listens(
    who: str, process: Process, doors: Sequence[int | Path]
) -> None:
    """Return when each of these ports of loopback and sockets is open.

    Raises:
        NotReady: as wait_until_ready.
    """
    wait_until_ready(who, lambda: all(map(answers, doors)), process)


def how_it_ended(process: Process) -> str:
    """Return what to say of a process that has ended."""
    if process.returncode < 0:
        return f"was ended by signal {-process.returncode}"
    return f"ended with exit code {process.returncode}"


def say(text: str) -> None:
    """Tell the person at the terminal; standard output may be a command's."""
    print(text, file=sys.stderr, flush=True)


class _Work:
    """Whether a process is at work, looked up once a second."""

    def __init__(self, pid: int, still: float) -> None:
        self._pid = pid
        self._still = still
        self._looked = self._since = time.monotonic()
        self._used = processor_seconds(pid)

    def stands_still(self, now: float) -> bool:
        if now - self._looked < min(1, self._still / 4):
            return False
        self._looked = now
        used = processor_seconds(self._pid)
        # Less than before: a part of it has ended, and another goes on. Who would be at
        # work, were it his turn, does not stand still either.
        is_moving = abs(used - self._used) > self._still * STANDS_STILL
        if is_moving or is_held_up(self._pid):
            self._used, self._since = used, now
        return now - self._since > self._still


def processor_seconds(pid: int) -> float:
    """Return what a process, all below it, and those it has waited for have used.

    By proc(5); 0.0 where it is not there, or may not be seen.
    """
    ticks = (sum(map(int, fields[11:15])) for fields in _family(pid))
    return sum(ticks) / TICKS


def is_held_up(pid: int) -> bool:
    """Whether a process or one below it waits for a processor or a disk, by proc(5)."""
    return any(fields[0] in {"R", "D"} for fields in _family(pid))


def _family(pid: int) -> list[list[str]]:
    """Return /proc/PID/stat, from the state on, of a process and all below it."""
    known, children = {}, defaultdict(list)
    for each, fields in _processes():
        known[each] = fields
        children[int(fields[1])].append(each)
    family = [pid]
    for member in family:  # which grows on the way
        family += children[member]
    return [known[member] for member in family if member in known]


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Give each process with the fields of its /proc/PID/stat, from the state on."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue  # it has ended since
        yield int(file.parent.name), text.rpartition(")")[2].split()


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
