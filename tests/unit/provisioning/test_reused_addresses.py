"""Which addresses went to another mailbox before anything held them back."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, FormerAddress
from provisioning import former_addresses
from provisioning.operations import Order
from tests.factories import make_account
from tests.unit.support import HOME

BY = Actor("admin@example.com")


def listed(**options: str) -> list[list[str]]:
    out = StringIO()
    call_command("list_former_addresses", reused=True, stdout=out, **options)
    lines = [line.split("\t") for line in out.getvalue().splitlines()]
    return [[address, *more] for address, _at, *more in lines]


def delete(address: str) -> None:
    account = make_account(address)
    events.record(Kind.MAILBOX_DELETED, account, by=BY)
    account.delete()


def rename(account: Account, new: str) -> None:
    told = events.describe_changes({"address": account.address}, {"address": new})
    account.address = new
    account.save()
    events.record_all([Event(Kind.MAILBOX_CHANGED, account, BY, detail=told)])


def make_anew(address: str) -> None:
    """As before there was a guard."""
    FormerAddress.objects.filter(address=address).delete()
    make_account(address)


@pytest.fixture(autouse=True)
def world(db: None) -> None:
    make_account("other@b.test")
    delete("gone@example.com")
    delete("gone@b.test")
    rename(make_account("old@example.com"), "new@example.com")
    for address in ("gone@example.com", "gone@b.test", "old@example.com"):
        make_anew(address)


def test_they_are_listed_with_the_mailbox_that_left_them() -> None:
    assert listed() == [
        ["gone@b.test", "deleted", "-", "/srv/mail/gone@b.test"],
        ["gone@example.com", "deleted", "-", "/srv/mail/gone@example.com"],
        ["old@example.com", "renamed", "new@example.com", "/srv/mail/old@example.com"],
    ]
    assert [address for address, *_more in listed(domain="B.test")] == ["gone@b.test"]


def test_those_are_not_listed_that_are_held_back_taken_back_or_released() -> None:
    before = listed()
    delete("held@example.com")
    back = make_account("back@example.com")
    rename(back, "away@example.com")
    rename(back, "back@example.com")
    delete("free@example.com")
    former = FormerAddress.objects.get(address="free@example.com")
    former_addresses.release(former, Order(HOME, ""))
    make_account("free@example.com")

    assert listed() == before


def test_one_that_was_taken_back_is_listed_for_whoever_had_it_before_that() -> None:
    owner = Account.objects.get(address="gone@b.test")
    rename(owner, "away@b.test")
    rename(owner, "gone@b.test")

    assert listed(domain="b.test") == [
        ["gone@b.test", "deleted", "-", "/srv/mail/gone@b.test"]
    ]
