"""Who waits for whom in PostgreSQL."""

import pytest
from django.db import connection


def wait_until_somebody_waits() -> None:
    """Until another connection to this database waits for a lock."""
    for _try in range(1000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.01), pg_stat_clear_snapshot()")
            cursor.execute(
                "SELECT FROM pg_stat_activity WHERE datname = current_database()"
                " AND wait_event_type = 'Lock'"
            )
            if cursor.fetchall():
                return
    pytest.fail("Nobody has waited.")
