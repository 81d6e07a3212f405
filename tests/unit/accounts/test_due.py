"""Every row that is due at a moment is taken, put off and lost alike."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone
from time_machine import Traveller

from accounts import events
from accounts.events import Kind
from accounts.models import Account, Cutoff, Notification
from accounts.models.due import Due, DueQuerySet
from tests.unit.support import HOME


def cutoff(alice: Account) -> Due:
    return Cutoff.objects.create(
        account=alice, login_mask="m", node="n", due_at=timezone.now()
    )


def notification(alice: Account) -> Due:
    events.record(Kind.ISSUED, alice, by=HOME)
    return Notification.objects.get()


MAKE: dict[type[Due], Callable[[Account], Due]] = {
    Cutoff: cutoff,
    Notification: notification,
}
QUEUES = pytest.mark.parametrize("queue", MAKE)


def test_every_queue_is_walked() -> None:
    due = {
        model
        for model in apps.get_models()
        if "due_at" in {field.name for field in model._meta.get_fields()}
    }

    assert due == set(Due.__subclasses__()) == set(MAKE)


@QUEUES
def test_what_was_taken_is_due_again_when_its_lease_ends(
    alice: Account, clock: Traveller, queue: type[Due]
) -> None:
    row = MAKE[queue](alice)
    rows: DueQuerySet[Due] = DueQuerySet(queue)
    [mine] = rows.claim()

    assert mine.still_leased().get() == row
    clock.shift(queue.LEASE - timedelta(seconds=1))
    assert rows.claim() == []
    clock.shift(1)
    assert rows.claim() == [row]
    assert not mine.still_leased().exists()


@QUEUES
def test_after_each_failure_it_waits_twice_as_long_to_a_limit(
    alice: Account, clock: Traveller, queue: type[Due]
) -> None:
    MAKE[queue](alice)
    rows: DueQuerySet[Due] = DueQuerySet(queue)
    waits = []
    for _ in range(15):
        [row] = rows.claim()
        row.postpone()
        row.refresh_from_db()
        assert row.due_at is not None
        waits.append(row.due_at - timezone.now())
        clock.move_to(row.due_at)

    assert waits[0] == queue.FIRST_BACK_OFF
    assert waits[-1] == queue.LONGEST_BACK_OFF
    for before, after in pairwise(waits):
        assert after == min(2 * before, queue.LONGEST_BACK_OFF)


def test_a_notification_is_due_until_it_was_sent(alice: Account) -> None:
    row = notification(alice)

    with (
        pytest.raises(IntegrityError, match="notification_is_due_until_it_was_sent"),
        transaction.atomic(),
    ):
        Notification.objects.filter(pk=row.pk).update(due_at=None)
