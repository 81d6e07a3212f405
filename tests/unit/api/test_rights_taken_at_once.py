"""A right that is taken while a program writes, each on a connection of its own."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections, transaction

from accounts.models import Account
from tests.factories import make_account
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.operations import OPERATIONS, call, everything, found, make_host
from tests.unit.api.operations import scopes as scopes_needed

pytestmark = pytest.mark.django_db(transaction=True)

WRITING = sorted(key for key in OPERATIONS if key[0] != "GET")
# Long enough for a program to be let in before the right is gone.
LET_IN = 0.4


def no_rights(owner: Account) -> None:
    Account.objects.filter(pk=owner.pk).update(is_superuser=False)


def disabled(owner: Account) -> None:
    Account.objects.filter(pk=owner.pk).update(is_active=False)


@pytest.mark.parametrize(("take", "status"), [(no_rights, 403), (disabled, 401)])
@pytest.mark.parametrize("key", WRITING, ids=str)
def test_a_write_that_began_before_the_right_was_taken_waits_and_is_refused(
    key: tuple[str, str], take: Callable[[Account], None], status: int
) -> None:
    make_host()
    owner = make_account("owner@firm.example", is_staff=True, is_superuser=True)
    program = client_with(make_token(owner=owner))
    what = found(OPERATIONS[key].own)
    before = everything()

    def write() -> Any:
        try:
            return call(program, key[0], what)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # As the page of a mailbox does when rights are given or taken on it.
            Account.objects.lock(owner.pk)
            answer = pool.submit(write)
            time.sleep(LET_IN)
            take(owner)
        assert answer.result().status_code == status

    after = everything()
    for label in ("accounts.Policy", "accounts.Domain", "accounts.SecurityEvent"):
        assert after[label] == before[label]
    passwords = "clientpasswords.ClientPassword"
    assert after[passwords] == before[passwords]


def test_every_operation_that_writes_is_among_them() -> None:
    assert {key for key in scopes_needed() if key[0] != "GET"} == set(WRITING)
