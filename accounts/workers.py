"""Workers: programs that work in rounds until a signal stops them."""

import logging
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event

from django.core.management.base import CommandError
from django.db import Error, connection
from django.utils import timezone

from accounts import retention, watchdog
from accounts.models import Heartbeat

log = logging.getLogger(__name__)

BEAT_INTERVAL = 20.0  # seconds between two heartbeats

Step = Callable[[], object]


class Pulse:
    """The signs of life of one worker, for systemd and for the administration."""

    def __init__(self, worker: str, node: str = "") -> None:
        """Begin for this command, on this host or the one named `node`."""
        self._row = {"worker": worker, "node": node or socket.gethostname()}
        self._next_beat = 0.0

    def beat(self, failed: Mapping[str, str] | None = None) -> None:
        """Say that a round is over, and what failed in it: to systemd each time.

        The database gets it every `BEAT_INTERVAL`, and each failure that is new.
        Nothing is raised if it is away.
        """
        watchdog.ping()
        if not failed and time.monotonic() < self._next_beat:
            return
        now = timezone.now()
        values: dict[str, object] = {"seen_at": now}
        for step, error in (failed or {}).items():
            values |= {"failed_at": now, "failure": f"{step}: {error}"[:200]}
        try:
            self._write(values)
        except Error as error:
            log.warning("no heartbeat: the database says %s", locate_error(error))
            connection.close()
        self._next_beat = time.monotonic() + BEAT_INTERVAL

    def _write(self, values: Mapping[str, object]) -> None:
        if not Heartbeat.objects.filter(**self._row).update(**values):
            Heartbeat.objects.bulk_create(
                [Heartbeat(**self._row, **values)],
                update_conflicts=True,
                unique_fields=list(self._row),
                update_fields=list(values),
            )


def run_forever(
    worker: str, steps: Callable[[], Iterable[Step]], *, pause: float
) -> None:
    """Run the steps in rounds, `pause` seconds apart, until SIGINT or SIGTERM.

    `steps` returns those that are due in this round. A round that has begun is
    finished. A step that failed runs again in the next round in which it is due. The
    heartbeat of `worker`, a command, follows each round.
    """
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    pulse = Pulse(worker)
    watchdog.start()
    while not stopped.is_set():
        pulse.beat(run_steps(steps()))
        stopped.wait(pause)
    watchdog.stop()


def run_once(steps: Iterable[Step]) -> None:
    """Run each step once.

    Raises:
        CommandError: some failed, once all were tried.
    """
    if failed := run_steps(steps):
        raise CommandError(f"Failed: {', '.join(failed)}. The log says where.")


def run_steps(steps: Iterable[Step]) -> dict[str, str]:
    """Run each step, whatever another raises; return which failed, and with what.

    The log gets the type of each error and its place in the code, but not its message:
    that may hold a secret.
    """
    failed = {}
    for step in steps:
        try:
            step()
        except Error as error:
            failed[_name_step(step)] = locate_error(error)
            log.warning(
                "%s: the database says %s", _name_step(step), locate_error(error)
            )
            if not connection.in_atomic_block:
                connection.close()  # it may be lost; the next step opens another
        except Exception as error:  # noqa: BLE001 - the other steps are to go on
            failed[_name_step(step)] = locate_error(error)
            log.error("%s failed: %s", _name_step(step), locate_error(error))  # noqa: TRY400
        watchdog.ping()
    return failed


def forget() -> int:
    """Delete the heartbeats of workers that run no more; return how many."""
    oldest = retention.HEARTBEATS.oldest
    return Heartbeat.objects.filter(seen_at__lt=oldest).delete()[0]


def locate_error(error: Exception) -> str:
    """Return the type of an error and its place in the code, without its message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"


def _name_step(step: Step) -> str:
    return f"{step.__module__.rpartition('.')[2]}.{getattr(step, '__name__', step)}"
