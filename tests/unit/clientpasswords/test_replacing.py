"""A device gets a new password; the old one works until the new one is used."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, Cutoff, MailLogon, Notification, Policy
from clientpasswords import lifecycle, limits, replacing
from clientpasswords.lifecycle import Issued
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from tests.factories import make_client_password, make_usage
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import HOME, at_once, code_for

T = TypeVar("T")

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.usefixtures("client_passwords_on"),
]

SCOPE = Scope(
    frozenset({"imap"}), ("192.0.2.0/24",), timezone.now() + timedelta(days=30)
)


@pytest.fixture(autouse=True)
def _no_cooldown(settings: Settings) -> None:
    settings.CODE_COOLDOWN = timedelta()


def replace(account: Account, other: ClientPassword) -> Issued:
    return lifecycle.issue(
        account,
        code=code_for(account),
        attempt=uuid4(),
        label=other,
        by=HOME,
    )


def is_let_in(row: ClientPassword) -> bool:
    return MailLogon.objects.filter(credential=row.pk, refusal=None).exists()


def kinds(account: Account) -> list[str]:
    events = account.security_events.exclude(kind=Kind.CODE_SENT).order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_it_has_the_name_and_the_limits_of_the_old_one(
    alice: Account, phone: ClientPassword
) -> None:
    lifecycle.limit_scope(phone, SCOPE, by=HOME)

    row = replace(alice, phone).client_password

    assert (row.label, row.replaces) == (phone.label, phone)
    assert Scope.of_password(row) == SCOPE
    waiting = Cutoff.objects.filter(login_mask__contains=str(row.pk))
    assert [each.due_at for each in waiting] == [SCOPE.expires_at]


def test_both_work_until_the_new_one_is_used(
    alice: Account, phone: ClientPassword, log: Path, follow: Follow
) -> None:
    row = replace(alice, phone).client_password
    assert is_let_in(phone)
    assert is_let_in(row)
    assert replacing.delete_replaced() == 0

    append(log, line(credential=row.pk, protocol="smtp"))
    catch_up(follow(log))

    assert replacing.delete_replaced() == 1
    assert not is_let_in(phone)
    assert is_let_in(row)
    assert replacing.delete_replaced() == 0
    row.refresh_from_db()
    assert row.replaces is None


def test_one_mail_says_both_and_the_sessions_of_the_old_one_end(
    alice: Account,
    phone: ClientPassword,
    log: Path,
    follow: Follow,
    settings: Settings,
) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/doveadm/v1"]
    row = replace(alice, phone).client_password
    Notification.objects.all().delete()
    mask = phone.login_name

    append(log, line(credential=row.pk, protocol="smtp"))
    catch_up(follow(log))
    replacing.delete_replaced()

    assert kinds(alice) == ["issued", "first-used", "replaced"]
    assert [each.event.kind for each in Notification.objects.all()] == ["replaced"]
    event = alice.security_events.get(kind=Kind.REPLACED)
    assert event.detail == {**phone.event_detail, "protocol": "smtp"}
    assert (event.actor, event.network_address) == ("mx1", "192.0.2.7")
    assert Cutoff.objects.filter(login_mask=mask, is_review=False).exists()


def expire(phone: ClientPassword) -> None:
    past = timezone.now() - timedelta(days=1)
    ClientPassword.objects.filter(pk=phone.pk).update(expires_at=past)


def suspend(phone: ClientPassword) -> None:
    past = timezone.now() - timedelta(days=1)
    ClientPassword.objects.filter(pk=phone.pk).update(suspends_at=past)


@pytest.mark.parametrize("end", [expire, suspend])
def test_what_is_over_is_replaced_by_what_works(
    alice: Account, phone: ClientPassword, end: Callable[[ClientPassword], None]
) -> None:
    end(phone)
    phone.refresh_from_db()

    row = replace(alice, phone).client_password

    assert is_let_in(row)
    make_usage(row)
    assert replacing.delete_replaced() == 1


def test_for_a_deleted_one_a_new_one_of_its_name_is_made(
    alice: Account, phone: ClientPassword
) -> None:
    lifecycle.limit_scope(phone, SCOPE, by=HOME)
    lifecycle.revoke(alice.client_passwords.filter(pk=phone.pk), by=HOME)

    row = replace(alice, phone).client_password

    assert (row.label, row.replaces) == (phone.label, None)
    assert Scope.of_password(row) == SCOPE


def test_there_is_room_for_it_at_the_limit_and_below_it(
    alice: Account, phone: ClientPassword
) -> None:
    make_client_password(alice)
    Policy.objects.update(max_client_passwords=1)

    replace(alice, phone)

    assert alice.client_passwords.live().count() == 3
    assert alice.client_passwords.counted().count() == 2
    rows = Account.objects.annotate(in_use=limits.count_in_use())
    assert rows.get(pk=alice.pk).in_use == 2
    lifecycle.revoke(alice.client_passwords.filter(label=phone.label), by=HOME)
    Policy.objects.update(third_party_logon=False)
    with pytest.raises(lifecycle.ThirdPartyLogonOff):
        replace(alice, phone)


def test_fifty_can_all_be_replaced(alice: Account) -> None:
    Policy.objects.update(max_client_passwords=50)
    rows = [make_client_password(alice)[0] for _ in range(50)]

    for row in rows:
        lifecycle.create(alice, attempt=uuid4(), label="", by=HOME, other=row)

    slots = alice.client_passwords.live().values_list("slot", flat=True)
    assert sorted(slots) == [*range(1, 101)]


def test_a_pair_is_replaced_no_second_time(
    alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password

    for each in (phone, row):
        with pytest.raises(lifecycle.BeingReplaced):
            lifecycle.send_code(alice, by=HOME, other=each)
        with pytest.raises(lifecycle.BeingReplaced):
            replace(alice, ClientPassword.objects.get(pk=each.pk))

    lifecycle.revoke(alice.client_passwords.filter(pk=row.pk), by=HOME)
    phone = ClientPassword.objects.get(pk=phone.pk)
    assert replace(alice, phone).client_password.replaces == phone


@pytest.mark.parametrize("deleted", ["old", "new"])
def test_to_delete_either_ends_the_waiting(
    alice: Account, phone: ClientPassword, deleted: str
) -> None:
    row = replace(alice, phone).client_password
    gone, stays = (phone, row) if deleted == "old" else (row, phone)

    lifecycle.revoke(alice.client_passwords.filter(pk=gone.pk), by=HOME)

    make_usage(row)
    assert replacing.delete_replaced() == 0
    assert is_let_in(stays)
    assert not alice.client_passwords.filter(replaces__isnull=False).exists()


def test_both_can_be_kept_where_there_is_room(
    alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password
    Policy.objects.update(max_client_passwords=1)
    with pytest.raises(lifecycle.LimitReached):
        replacing.keep_both(row, by=HOME)
    Policy.objects.update(max_client_passwords=2)

    replacing.keep_both(row, by=HOME)
    replacing.keep_both(row, by=HOME)

    make_usage(row)
    assert replacing.delete_replaced() == 0
    assert is_let_in(phone)
    assert kinds(alice).count("kept-both") == 1
    assert alice.client_passwords.counted().count() == 2


def test_the_database_lets_nothing_deleted_wait(
    alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password

    with pytest.raises(IntegrityError), transaction.atomic():
        ClientPassword.objects.filter(pk=row.pk).update(revoked_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        make_client_password(alice, replaces=phone)


def test_nobody_replaces_what_is_anothers(
    alice: Account, mallory: Account, phone: ClientPassword
) -> None:
    Account.objects.update(client_passwords_on=True)

    row = replace(mallory, phone).client_password

    assert row.replaces is None
    make_usage(row)
    assert replacing.delete_replaced() == 0
    assert is_let_in(phone)


@pytest.mark.django_db(transaction=True)
def test_many_workers_delete_it_once(alice: Account, phone: ClientPassword) -> None:
    make_usage(replace(alice, phone).client_password)

    assert sum(at_once(8, lambda _n: replacing.delete_replaced())) == 1

    assert kinds(alice).count("replaced") == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_requests_one_makes_a_replacement(
    alice: Account, phone: ClientPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_for(alice)
    # A code that is never used up, so that nothing but the rule is in the way.
    monkeypatch.setattr("accounts.codes.spend_code", lambda *_args, **_kwargs: None)

    def act(_number: int) -> str:
        try:
            lifecycle.issue(alice, code=code, attempt=uuid4(), label=phone, by=HOME)
        except lifecycle.BeingReplaced:
            return "waits"
        return "made"

    assert sorted(at_once(8, act)) == ["made", *["waits"] * 7]


# --- of Keep both and the first use, one wins, and all of it --------------------------


def press_keep_both(browser: Client, row: ClientPassword) -> str:
    """Press the button on the page as it was while the password waited."""
    address = reverse("clientpasswords:keep-both", args=[row.pk])
    page = browser.post(address, {"old": row.replaces_id}, follow=True)
    (message,) = page.context["messages"]
    return str(message)


BOTH = "Both passwords for “Phone” stay."
TOO_LATE = "“Phone” has its new password only: the old one was deleted before."


def notified(account: Account) -> list[str]:
    rows = Notification.objects.filter(account=account).order_by("pk")
    return [each.event.kind for each in rows]


def test_whoever_keeps_both_after_the_first_use_is_notified_of_it(
    browser: Client, alice: Account, phone: ClientPassword, log: Path, follow: Follow
) -> None:
    row = replace(alice, phone).client_password
    append(log, line(credential=row.pk))
    catch_up(follow(log))
    Notification.objects.all().delete()

    assert press_keep_both(browser, row) == BOTH

    assert replacing.delete_replaced() == 0
    assert is_let_in(phone)
    assert notified(alice) == ["first-used"]


def test_whoever_keeps_both_too_late_reads_that(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password
    make_usage(row)
    replacing.delete_replaced()

    assert press_keep_both(browser, row) == TOO_LATE

    assert "kept-both" not in kinds(alice)
    assert not is_let_in(phone)


def test_to_press_it_twice_says_the_same_twice(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password

    assert [press_keep_both(browser, row) for _ in range(2)] == [BOTH, BOTH]
    assert kinds(alice).count("kept-both") == 1


@pytest.mark.parametrize("deleted", ["old", "new"])
def test_whoever_deletes_one_after_the_first_use_is_notified_of_that_too(
    alice: Account, phone: ClientPassword, log: Path, follow: Follow, deleted: str
) -> None:
    row = replace(alice, phone).client_password
    append(log, line(credential=row.pk))
    catch_up(follow(log))
    Notification.objects.all().delete()
    gone = phone if deleted == "old" else row

    lifecycle.revoke(alice.client_passwords.filter(pk=gone.pk), by=HOME)

    assert notified(alice) == ["first-used", "revoked"]


def meet(first: Callable[[], object], then: Callable[[], T]) -> T:
    """Begin the first in a transaction, then the other, and commit the first."""
    has_begun = Event()

    def hold() -> None:
        with transaction.atomic():
            first()
            has_begun.set()
            time.sleep(0.5)  # while the other waits for the lock

    def follow_it() -> T:
        has_begun.wait()
        return then()

    steps: list[Callable[[], Any]] = [hold, follow_it]
    return cast("T", at_once(2, lambda number: steps[number]())[1])


@pytest.mark.django_db(transaction=True)
def test_whoever_keeps_both_during_the_deletion_waits_and_reads_that(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password
    make_usage(row)

    said = meet(replacing.delete_replaced, lambda: press_keep_both(browser, row))

    assert said == TOO_LATE
    assert not is_let_in(phone)
    assert kinds(alice).count("replaced") == 1


@pytest.mark.django_db(transaction=True)
def test_a_first_use_while_both_are_being_kept_deletes_nothing_and_is_notified(
    alice: Account, phone: ClientPassword, log: Path, follow: Follow
) -> None:
    row = replace(alice, phone).client_password
    Notification.objects.all().delete()
    append(log, line(credential=row.pk))

    def use() -> int:
        catch_up(follow(log))
        return replacing.delete_replaced()

    assert meet(lambda: replacing.keep_both(row, by=HOME), use) == 0

    assert is_let_in(phone)
    assert notified(alice) == ["first-used"]


@pytest.mark.django_db(transaction=True)
def test_both_kept_while_the_first_use_is_written_are_kept_and_it_is_notified(
    alice: Account, phone: ClientPassword, log: Path, follow: Follow
) -> None:
    row = replace(alice, phone).client_password
    Notification.objects.all().delete()
    append(log, line(credential=row.pk))

    kept = meet(
        lambda: catch_up(follow(log)), lambda: replacing.keep_both(row, by=HOME)
    )

    assert kept
    assert replacing.delete_replaced() == 0
    assert is_let_in(phone)
    assert notified(alice) == ["first-used"]


@pytest.mark.django_db(transaction=True)
def test_whoever_keeps_both_in_the_moment_of_the_use_has_both_or_one(
    alice: Account, phone: ClientPassword
) -> None:
    row = replace(alice, phone).client_password
    make_usage(row)

    at_once(
        2,
        lambda n: (
            replacing.keep_both(row, by=HOME) if n else replacing.delete_replaced()
        ),
    )

    found = kinds(alice)
    assert found.count("kept-both") + found.count("replaced") == 1
    assert is_let_in(phone) == ("kept-both" in found)
    assert is_let_in(row)
