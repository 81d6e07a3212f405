"""Wait for started processes, however slow the machine is.

A busy or small machine takes twenty times as long as another. So a start has failed
when its process has ended or is stalled, not when a time has passed.
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
# A process that uses less than this share of one processor is stalled. It is not 0, as
# waiting servers wake up now and then.
IDLE_SHARE = 1 / 300

Process = subprocess.Popen[bytes]


class NotReady(Exception):
    """Waiting failed; the text says why, without a full stop."""


@dataclass(frozen=True)
class Patience:
    """The seconds until the first message, between two messages, and at most."""

    first_message: float = 5
    between_messages: float = 15
    # How long a process may be stalled.
    max_idle: float = 120
    # How long a process may take in all: an endless loop is never stalled.
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
    """Return when `ready` is true, while `process` or its children are working.

    `who` and `aim` name on the terminal what this waits for: "the portal", "answer".

    Raises:
        NotReady: the process ended, is stalled, or takes too long.
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
    """Return the exit code of the process once it has ended; kill it otherwise.

    Raises:
        NotReady: the process was stalled, or took too long.
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
    """Run a command in /, with its output in `log`; return its exit code.

    Raises:
        NotReady: it was stalled, or took too long.
    """
    process = subprocess.Popen(
        command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log
    )
    return wait_until_ended(who, process)


def wait_until_listening(
    who: str, process: Process, listeners: Sequence[int | Path]
) -> None:
    """Return when each of these ports of loopback and Unix sockets is open.

    Raises:
        NotReady: as wait_until_ready.
    """
    wait_until_ready(who, lambda: all(map(is_listening, listeners)), process)


def describe_end(process: Process) -> str:
    """Return how a process has ended, as the end of a sentence."""
    if process.returncode < 0:
        return f"was ended by signal {-process.returncode}"
    return f"ended with exit code {process.returncode}"


def say(text: str) -> None:
    """Print to standard error; standard output may be a command's."""
    print(text, file=sys.stderr, flush=True)


class _Work:
    """Whether a process and its children are working, checked once a second."""

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
        # Less than before means that a child has ended, and others go on. A process
        # that waits for its turn on a processor is not stalled either.
        is_moving = abs(used - self._used) > self._max_idle * IDLE_SHARE
        if is_moving or waits_for_hardware(self._pid):
            self._used, self._active_at = used, now
        return now - self._active_at > self._max_idle


def processor_seconds(pid: int) -> float:
    """Return the processor time of a process and its descendants, ended ones included.

    By proc(5); 0.0 if there is no such process, or it may not be seen.
    """
    ticks = (sum(map(int, fields[11:15])) for fields in _process_tree(pid))
    return sum(ticks) / TICKS


def waits_for_hardware(pid: int) -> bool:
    """Whether a process or a descendant waits for a processor or a disk, by proc(5)."""
    return any(fields[0] in {"R", "D"} for fields in _process_tree(pid))


def _process_tree(pid: int) -> list[list[str]]:
    """Return /proc/PID/stat, from the state on, of a process and its descendants."""
    known, children = {}, defaultdict(list)
    for each, fields in _processes():
        known[each] = fields
        children[int(fields[1])].append(each)
    family = [pid]
    for member in family:  # which grows on the way
        family += children[member]
    return [known[member] for member in family if member in known]


def _processes() -> Iterator[tuple[int, list[str]]]:
    """Yield each process with the fields of its /proc/PID/stat, from the state on."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = file.read_text(errors="replace")
        except OSError:
            continue  # it has ended since
        yield int(file.parent.name), text.rpartition(")")[2].split()


def _capitalize(text: str) -> str:
    return text[0].upper() + text[1:]
