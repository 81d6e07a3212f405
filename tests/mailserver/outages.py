"""Make the tests' database unavailable for a while."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from tests.environment import POSTGRES

# Dovecot notices within a second that an SQLite file was moved.
NOTICED = 1.1  # seconds


@contextmanager
def no_database(file: Path | None = None) -> Iterator[None]:
    """Stop PostgreSQL, or move the SQLite file: the tests' own, or the one named.

    Nobody may open the tests' own database for writing meanwhile: that would create a
    new, empty file, and discard the write-ahead log of the one that comes back.
    """
    connection.close()
    if POSTGRES:
        POSTGRES.stop()
        try:
            yield
        finally:
            POSTGRES.start()
    else:
        file = file or Path(connection.settings_dict["NAME"])
        away = file.with_suffix(".away")
        file.rename(away)
        try:
            time.sleep(NOTICED)
            yield
        finally:
            away.rename(file)
