"""Workers: programs that work in rounds until a signal stops them."""

import logging
import signal
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event

from django.core.management.base import CommandError
from django.db import DatabaseError, connection

log = logging.getLogger(__name__)

Step = Callable[[], object]


def run_forever(steps: Callable[[], Iterable[Step]], *, pause: float) -> None:
    """Run the steps in rounds, `pause` seconds apart, until SIGINT or SIGTERM.

    `steps` returns those that are due in this round. A round that has begun is
    finished. A step that failed runs again in the next round in which it is due.
    """
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.is_set():
        run_steps(steps())
        stopped.wait(pause)


def run_once(steps: Iterable[Step]) -> None:
    """Run each step once.

    Raises:
        CommandError: some failed, once all were tried.
    """
    if failed := run_steps(steps):
        raise CommandError(f"Failed: {', '.join(failed)}. The log says where.")


def run_steps(steps: Iterable[Step]) -> list[str]:
    """Run each step, whatever another raises; return the names of those that failed.

    The log gets the type of each error and its place in the code, but not its message:
    that may hold a secret.
    """
    failed = []
    for step in steps:
        try:
            step()
        except DatabaseError as error:
            failed.append(_name_step(step))
            log.warning(
                "%s: the database says %s", _name_step(step), _locate_error(error)
            )
            if not connection.in_atomic_block:
                connection.close()  # it may be lost; the next step opens another
        except Exception as error:  # noqa: BLE001 - the other steps are to go on
            failed.append(_name_step(step))
            log.error("%s failed: %s", _name_step(step), _locate_error(error))  # noqa: TRY400
    return failed


def _name_step(step: Step) -> str:
    return f"{step.__module__.rpartition('.')[2]}.{getattr(step, '__name__', step)}"


def _locate_error(error: Exception) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(last.filename).name}:{last.lineno}"
