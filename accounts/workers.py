"""Programs that work in rounds until they are told to stop."""

import logging
import signal
from collections.abc import Callable
from threading import Event

from django.db import DatabaseError, connection

log = logging.getLogger(__name__)


def go_on(work: Callable[[], object], *, pause: float) -> None:
    """Do `work` again and again, with `pause` seconds between, until SIGINT or SIGTERM.

    A round that was begun is finished. A database that is away is tried again.
    """
    stopped = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    while not stopped.is_set():
        try:
            work()
        except DatabaseError as error:
            log.warning("the database is away: %s", type(error).__name__)
            connection.close()
        stopped.wait(pause)
