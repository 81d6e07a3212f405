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

from deploy.ports import is_listening

TICKS = os.sysconf("SC_CLK_TCK")  # in a second of the processor's time
# A process that uses less of one processor than this part of it stands still: servers
# that wait for somebody look around now and then.
IDLE_SHARE = 1 / 300

Process = subprocess.Popen[bytes]


class NotReady(Exception):
    """Waiting came to nothing: why, in a sentence without a full stop."""


@dataclass(frozen=True)
class Patience:
    """How many seconds to wait in silence, between two words, and at most."""

    first_message: float = 5
    between_messages: float = 15
    # How long a process may do next to nothing.
    max_idle: float = 60
    # How long one may be at work: something that turns in a circle never stands still.
    max_total: float = 900


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
    next_message = begin + patience.first_message
    work = _Work(process.pid, patience.max_idle)
    while not ready():
        if process.poll() is not None:
            raise NotReady(f"{_capitalize(who)} {describe_end(process)}")
        now = time.monotonic()
        if work.is_stalled(now):
            max_idle = f"has done next to nothing for {patience.max_idle:.0f} seconds"
            raise NotReady(f"{_capitalize(who)} does not {aim} and {max_idle}")
        if now - begin > patience.max_total:
            max_total = f"after {patience.max_total / 60:.0f} minutes"
            raise NotReady(f"{_capitalize(who)} does not {aim} {max_total}")
        if now > next_message:
            say(f"Still waiting for {who} to {aim}, after {now - begin:.0f} seconds …")
            next_message = now + patience.between_messages
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


def run_to_completion(who: str, command: Sequence[str], log: IO[bytes]) -> int:
    """Run a command in /, with what it prints in `log`; return its exit code.

    Raises:
        NotReady: it stood still, or was at it for too long.
    """
    process = subprocess.Popen(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    return wait_until_ended(who, process)


def wait_until_listening(
    who: str, process: Process, listeners: Sequence[int | Path]
) -> None:
    """Return when each of these ports of loopback and sockets is open.

    Raises:
        NotReady: as wait_until_ready.
    """
    wait_until_ready(who, lambda: all(map(is_listening, listeners)), process)


def describe_end(process: Process) -> str:
    """Return what to say of a process that has ended."""
    if process.returncode < 0:
        return f"was ended by signal {-process.returncode}"
    return f"ended with exit code {process.returncode}"


def say(text: str) -> None:
    """Tell the person at the terminal; standard output may be a command's."""
    print(text, file=sys.stderr, flush=True)


class _Work:
    """Whether a process is at work, looked up once a second."""

    def __init__(self, pid: int, max_idle: float) -> None:
        self._pid = pid
        self._max_idle = max_idle
        self._checked_at = self._active_at = time.monotonic()
        self._used = processor_seconds(pid)

    def is_stalled(self, now: float) -> bool:
        if now - self._checked_at < min(1, self._max_idle / 4):
            return False
        self._checked_at = now
        used = processor_seconds(self._pid)
        # Less than before: a part of it has ended, and another goes on. Who would be at
        # work, were it his turn, does not stand still either.
        is_moving = abs(used - self._used) > self._max_idle * IDLE_SHARE
        if is_moving or waits_for_hardware(self._pid):
            self._used, self._active_at = used, now
        return now - self._active_at > self._max_idle


def processor_seconds(pid: int) -> float:
    """Return what a process, all below it, and those it has waited for have used.

    By proc(5); 0.0 where it is not there, or may not be seen.
    """
    ticks = (sum(map(int, fields[11:15])) for fields in _process_tree(pid))
    return sum(ticks) / TICKS


def waits_for_hardware(pid: int) -> bool:
    """Whether a process or one below it waits for a processor or a disk, by proc(5)."""
    return any(fields[0] in {"R", "D"} for fields in _process_tree(pid))


def _process_tree(pid: int) -> list[list[str]]:
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


def _capitalize(text: str) -> str:
    return text[0].upper() + text[1:]
