"""An address is left and made anew at once; what was left before it was recorded."""

from collections.abc import Callable
from threading import Event

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction

from accounts.models import Account, FormerAddress
from tests.factories import make_account, make_domain
from tests.unit.accounts.test_former_addresses import (
    OLD,
    REFUSED,
    delete,
    rename,
)
from tests.unit.support import at_once


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", [rename, delete])
def test_it_is_refused_to_whoever_makes_it_while_it_is_being_left(
    leave: Callable[..., None],
) -> None:
    plain = make_account(OLD)
    domain = make_domain()

    def act(number: int) -> bool:
        """Leave it; make it, again and again, until it is no more."""
        if number == 0:
            with transaction.atomic():
                leave(plain)
            return True
        while Account.objects.filter(pk=plain.pk, address=OLD).exists():
            try:
                with transaction.atomic():
                    Account.objects.bulk_create([Account(address=OLD, domain=domain)])
            except IntegrityError:
                continue
            return False
        return True

    assert all(at_once(4, act))
    assert not Account.objects.filter(address=OLD).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("leave", [rename, delete])
def test_whoever_waits_for_a_mailbox_that_is_leaving_is_refused_in_the_end(
    leave: Callable[..., None],
) -> None:
    """The order in which nothing is to be seen when the new one begins."""
    plain, domain = make_account(OLD), make_domain()
    is_left = Event()

    def act(number: int) -> str:
        if number == 0:
            with transaction.atomic():
                leave(plain)
                is_left.set()
                wait_for_a_waiting_one()
            return "left"
        is_left.wait(10)
        try:
            Account.objects.bulk_create([Account(address=OLD, domain=domain)])
        except IntegrityError as error:
            return str(error)
        return "made"

    left, told = at_once(2, act)

    assert left == "left"
    assert REFUSED in told


def wait_for_a_waiting_one() -> None:
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


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("leave", [rename, delete])
def test_who_began_before_it_was_left_and_does_not_look_again_gets_no_address(
    leave: Callable[..., None], level: str
) -> None:
    """By an older view of the table there is no former address, and no mailbox."""
    plain, domain = make_account(OLD), make_domain()
    has_begun, is_left = Event(), Event()

    def act(number: int) -> str:
        if number == 0:
            has_begun.wait(10)
            leave(plain)
            is_left.set()
            return "left"
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                assert not FormerAddress.objects.exists()
                has_begun.set()
                is_left.wait(10)
                Account.objects.bulk_create([Account(address=OLD, domain=domain)])
        except OperationalError as error:
            return str(error)
        return "made"

    left, told = at_once(2, act)

    assert left == "left"
    assert "READ COMMITTED" in told
