"""Actions on many: part by part, once, and to those only whom one administers."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import Traveller

from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    Phone,
    SecurityEvent,
)
from accounts.sessions import cutoffs
from administration.bulk import jobs
from administration.bulk.actions import BULK_ACTIONS, BY_NAME
from administration.bulk.page import MAX_NAMES_SHOWN
from administration.models import Job, JobPart
from provisioning import operations, roles
from tests.factories import make_account, make_client_password
from tests.unit.administration.jobsteps import WHY, choose, counts, ordered, work_off
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.support import at_once

pytestmark = pytest.mark.usefixtures("one_node")


@pytest.fixture
def many(db: None, monkeypatch: pytest.MonkeyPatch) -> list[Account]:
    """Twenty-five mailboxes; ten fit a part."""
    monkeypatch.setattr(jobs, "PART_SIZE", 10)
    found = [make_account(f"user{number:02}@firm.example") for number in range(25)]
    for account in found:
        make_client_password(account)
    return found


def test_many_are_left_to_the_worker(
    administrator: Client, many: list[Account]
) -> None:
    page = choose(administrator, "revoke_all", many)
    with CaptureQueriesContext(connection) as queries:
        administrator.post(page, {"confirm": "1", "reason": WHY})
    shown = administrator.get(page).content.decode()
    assert len(queries) <= 20
    assert "0 of 25 are done" in shown

    call_command("work_jobs", "--once")

    job = Job.objects.get()
    assert job.counts() == counts(changed=25)
    assert job.ended_at is not None
    shown = administrator.get(page).content.decode()
    assert "<h2>Done</h2>" in shown
    assert SecurityEvent.objects.filter(kind="revoked", reason=WHY).count() == 25


def test_sessions_of_many_in_a_domain_are_looked_at_as_a_whole(
    admin: Account, many: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutoffs, "MAX_MASKS_A_DOMAIN", 5)

    work_off(ordered(admin, "revoke_all", many))

    masks = sorted(Cutoff.objects.values_list("login_mask", flat=True))
    ten_and_ten = ["*@firm.example*"] * 2
    assert masks == ten_and_ten + [f"{account.address}*" for account in many[20:]]


def test_without_a_worker_the_next_part_is_done_by_hand(
    administrator: Client, many: list[Account]
) -> None:
    page = choose(administrator, "revoke_all", many)
    administrator.post(page, {"confirm": "1", "reason": WHY})

    shown = administrator.post(page, {"work": "1"}, follow=True).content.decode()

    assert "10 of 25 are done" in shown


def test_what_was_interrupted_goes_on_where_it_stopped(
    admin: Account, many: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ordered(admin, "revoke_all", many)
    jobs.work_next_part(job)
    act, seen = operations.revoke_client_passwords, []

    def dies(account: Account, order: operations.Order) -> bool:
        seen.append(account)
        if len(seen) == 5:
            raise KeyboardInterrupt
        return act(account, order)

    with monkeypatch.context() as broken:
        broken.setattr(operations, "revoke_client_passwords", dies)
        with pytest.raises(KeyboardInterrupt):
            jobs.work_next_part(job)
    assert job.counts() == counts(changed=10)
    assert SecurityEvent.objects.filter(kind="revoked").count() == 10

    assert work_off(job) == counts(changed=25)
    assert SecurityEvent.objects.filter(kind="revoked").count() == 25


def test_one_that_fails_leaves_the_others(
    admin: Account, many: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    act = operations.revoke_client_passwords

    def fails(account: Account, order: operations.Order) -> bool:
        done = act(account, order)
        if account == many[3]:
            raise DatabaseError
        return done

    monkeypatch.setattr(operations, "revoke_client_passwords", fails)
    many[7].delete()

    job = ordered(admin, "revoke_all", many)
    found = work_off(job)

    assert found == counts(changed=23, failed=2)
    assert many[3].client_passwords.get().revoked_at is None
    assert JobPart.objects.get(job=job, number=0).failures[0] == [
        many[3].address,
        "database",
    ]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_do_each_part_once(admin: Account, many: list[Account]) -> None:
    job = ordered(admin, "revoke_all", many)

    at_once(4, lambda _number: work_off(Job.objects.get(pk=job.pk)))

    assert work_off(job) == counts(changed=25)
    assert SecurityEvent.objects.filter(kind="revoked").count() == 25
    assert SecurityEvent.objects.filter(kind="action-ended").count() == 1


def test_what_is_stopped_stays_undone(
    administrator: Client, admin: Account, many: list[Account]
) -> None:
    job = ordered(admin, "revoke_all", many)
    jobs.work_next_part(job)

    page = f"/admin/administration/job/{job.pk}/change/"
    administrator.post(page, {"stop": "1"})

    assert work_off(job) == counts(changed=10)
    assert "10 of 25 are done" in administrator.get(page).content.decode()


def test_choices_that_nobody_confirmed_are_forgotten_after_a_day(
    clock: Traveller, admin: Account, alice: Account
) -> None:
    jobs.create_job(BY_NAME["revoke_all"], [alice.pk], admin, None)
    done = ordered(admin, "revoke_all", [alice])
    assert jobs.delete_unconfirmed_jobs() == 0

    clock.shift(25 * 60 * 60)

    assert jobs.delete_unconfirmed_jobs() > 0
    assert Job.objects.get() == done


# --- who may --------------------------------------------------------------------------


def restrict(admin: Account, *codenames: str) -> None:
    Account.objects.filter(pk=admin.pk).update(is_superuser=False)
    found = Permission.objects.filter(codename__in=codenames)
    assert found.count() == len(codenames)
    admin.user_permissions.set(found)
    admin.domains_administered.add(admin.domain)


@pytest.mark.parametrize("action", BULK_ACTIONS, ids=lambda action: action.name)
def test_an_action_needs_its_permission(
    administrator: Client, admin: Account, alice: Account, action: Any
) -> None:
    row: Any = alice
    if action.model is Domain:
        row = alice.domain
    elif action.model is Department:
        row = Department.objects.create(domain=alice.domain, name="Sales")
    elif action.model is not Account:
        row = make_client_password(alice)[0]
    name = action.model.__name__.lower()
    app = action.permission.partition(".")[0]
    label = "clientpasswords" if name == "clientpassword" else "accounts"
    page = f"/admin/{label}/{name}/"
    data = {"action": action.name, "_selected_action": [row.pk]}
    assert app

    restrict(admin, f"view_{name}")
    administrator.post(page, data)
    assert not Job.objects.exists()

    restrict(admin, f"view_{name}", action.permission.partition(".")[2])
    assert choose(administrator, action.name, [row], page)


def test_a_right_that_was_taken_away_meanwhile_stops_it(
    admin: Account, many: list[Account]
) -> None:
    job = ordered(admin, "revoke_all", many)
    jobs.work_next_part(job)
    Account.objects.filter(pk=admin.pk).update(is_staff=False)

    assert work_off(job) == counts(changed=10)
    assert job.stopped_because == "not-allowed"


def test_what_is_out_of_scope_meanwhile_is_left_alone(
    admin: Account, many: list[Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = ordered(admin, "revoke_all", many)
    whole = roles.visible

    def own(account: Account, model: type[Model]) -> Any:
        assert account == admin
        return whole(account, model).exclude(pk=many[0].pk)

    monkeypatch.setattr(roles, "visible", own)

    assert work_off(job) == counts(changed=24, failed=1)
    assert many[0].client_passwords.get().revoked_at is None


def test_only_superusers_act_upon_administrators_and_nobody_upon_themselves(
    admin: Account, alice: Account
) -> None:
    Account.objects.filter(pk=alice.pk).update(is_staff=True)
    both = [alice, admin]
    assert work_off(ordered(admin, "off_board", both)) == counts(changed=1, failed=1)
    admin.refresh_from_db()
    assert admin.is_active

    restrict(admin, "reset_phone", "view_account")
    admin = Account.objects.get(pk=admin.pk)
    assert work_off(ordered(admin, "reset_phone", [alice])) == counts(failed=1)
    assert Phone.objects.exists()


def test_an_action_of_somebody_else_is_nobodys_business(
    administrator: Client, admin: Account, alice: Account
) -> None:
    other = make_account("other@example.com", is_staff=True, is_superuser=True)
    job = jobs.create_job(BY_NAME["revoke_all"], [alice.pk], other, None)
    page = f"/admin/administration/job/{job.pk}/change/"

    administrator.post(page, {"confirm": "1", "reason": WHY})
    job.refresh_from_db()
    assert job.confirmed_at is None

    restrict(admin, "change_account", "view_account")
    assert administrator.get(page).status_code == 404


def test_devices_are_named_with_their_mailboxes(
    administrator: Client, alice: Account
) -> None:
    rows = [make_client_password(alice)[0] for _ in range(MAX_NAMES_SHOWN)]
    page = choose(
        administrator, "revoke", rows, "/admin/clientpasswords/clientpassword/"
    )

    with CaptureQueriesContext(connection) as queries:
        shown = administrator.get(page).content.decode()

    assert shown.count(">Phone (alice@example.com)</a></li>") == MAX_NAMES_SHOWN
    assert len(queries) <= MOST_QUERIES


# --- rights that are taken meanwhile --------------------------------------------------


# Long enough for a part to begin before the right is gone.
BEGUN = 0.4


def make_superuser(address: str) -> Account:
    return make_account(address, is_staff=True, is_superuser=True)


@pytest.mark.django_db(transaction=True)
def test_a_part_that_began_before_the_right_was_taken_waits_and_does_nothing() -> None:
    boss, erin = make_superuser("boss@firm.example"), make_account("erin@firm.example")
    make_client_password(erin)
    job = ordered(boss, "revoke_all", [erin])

    def work() -> bool:
        try:
            return jobs.work_next_part(job)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # As the page of a mailbox does when rights are given or taken on it.
            Account.objects.lock(boss.pk)
            done = pool.submit(work)
            time.sleep(BEGUN)
            Account.objects.filter(pk=boss.pk).update(is_superuser=False)
        assert not done.result()

    job.refresh_from_db()
    assert job.stopped_because == "not-allowed"
    assert erin.client_passwords.live().exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_offboard_one_another_one_stays() -> None:
    two = [make_superuser(f"boss{number}@firm.example") for number in range(2)]
    orders = [ordered(two[n], "off_board", [two[1 - n]]) for n in range(2)]

    done = at_once(2, lambda n: work_off(orders[n]))

    assert sorted(each["changed"] for each in done) == [0, 1]
    assert Account.objects.filter(is_active=True).count() == 1


@pytest.mark.django_db(transaction=True)
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
