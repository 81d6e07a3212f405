"""Rights that are taken while an action works, each on a connection of its own."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction

from accounts.models import Account
from administration.bulk import jobs
from tests.factories import make_account, make_client_password
from tests.unit.administration.jobsteps import counts, ordered, work_off
from tests.unit.support import at_once

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("one_node"),
]

# Long enough for a part to begin before the right is gone.
BEGUN = 0.4


def make_superuser(address: str) -> Account:
    return make_account(address, is_staff=True, is_superuser=True)


def test_a_part_that_began_before_the_right_was_taken_waits_and_does_nothing() -> None:
    boss, erin = make_superuser("boss@firm.example"), make_account("erin@firm.example")
    make_client_password(erin)
    job = ordered(boss, "revoke_all", [erin])

    def work() -> bool:
        try:
            return jobs.work(job)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # As the page of a mailbox does when rights are given or taken on it.
            Account.objects.select_for_update().get(pk=boss.pk)
            done = pool.submit(work)
            time.sleep(BEGUN)
            Account.objects.filter(pk=boss.pk).update(is_superuser=False)
        assert not done.result()

    job.refresh_from_db()
    assert job.stopped_because == "not-allowed"
    assert erin.client_passwords.live().exists()


def test_of_two_who_off_board_one_another_one_stays() -> None:
    two = [make_superuser(f"boss{number}@firm.example") for number in range(2)]
    orders = [ordered(two[n], "off_board", [two[1 - n]]) for n in range(2)]

    done = at_once(2, lambda n: work_off(orders[n]))

    assert sorted(each["changed"] for each in done) == [0, 1]
    assert Account.objects.filter(is_active=True).count() == 1


def test_two_who_act_on_the_same_mailboxes_do_not_wait_for_one_another() -> None:
    """One of them is locked before the mailboxes by its key, and the other behind."""
    first = make_superuser("first@firm.example")
    many = [make_account(f"user{number}@firm.example") for number in range(5)]
    last = make_superuser("last@firm.example")
    both = [first, last]
    orders = [ordered(each, "off_board", many) for each in both]

    done = at_once(2, lambda n: work_off(orders[n]))

    told = {name: sum(each[name] for each in done) for name in counts()}
    assert told == counts(changed=len(many), unchanged=len(many))
