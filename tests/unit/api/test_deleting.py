"""A mailbox is deleted over the API as in the administration, once nothing opens it."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Cutoff, Domain, FormerAddress, SecurityEvent
from tests.factories import make_account, make_client_password, make_domain
from tests.unit.api.conftest import client_with, make_operator, make_token
from tests.unit.api.mailboxsteps import ERIN, send

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("one_node")]


def delete(program: Client, place: str = ERIN) -> Any:
    return program.delete(place)


def test_a_mailbox_is_deleted_recorded_and_its_sessions_end(
    program: Client, erin: Account
) -> None:
    answer = delete(program, f"{ERIN}?reason=left")

    assert (answer.status_code, answer.json()) == (200, {"deleted": 1})
    assert not Account.objects.filter(pk=erin.pk).exists()
    event = SecurityEvent.objects.get(kind="mailbox-deleted")
    assert (event.address, event.account) == ("erin@firm.example", None)
    assert (event.actor, event.reason) == ("sync (API token)", "left")
    assert Cutoff.objects.filter(login_mask="erin@firm.example*").exists()
    former = FormerAddress.objects.get(address="erin@firm.example")
    assert former.because == FormerAddress.Because.DELETED


def test_one_in_use_is_off_boarded_first(program: Client, erin: Account) -> None:
    make_client_password(erin)

    refused = delete(program)
    send(program, "POST", f"{ERIN}/off-board", {"reason": "left"})
    done = delete(program)

    assert refused.status_code == 409
    assert refused["Content-Type"] == "application/problem+json"
    assert "Off-board it first" in refused.json()["detail"]
    assert (done.status_code, done.json()) == (200, {"deleted": 1})


def test_nothing_of_a_refused_deletion_stays(program: Client, erin: Account) -> None:
    make_client_password(erin)
    before = SecurityEvent.objects.count()

    assert delete(program).status_code == 409

    assert Account.objects.filter(pk=erin.pk).exists()
    assert SecurityEvent.objects.count() == before


def test_it_can_be_repeated(program: Client, erin: Account) -> None:
    first, second = delete(program), delete(program)

    assert (first.json(), second.json()) == ({"deleted": 1}, {"deleted": 0})
    assert second.status_code == 200
    assert SecurityEvent.objects.filter(kind="mailbox-deleted").count() == 1


@pytest.mark.parametrize("was_there", [True, False])
def test_a_mailbox_of_another_domain_is_as_one_that_never_was(
    branch: Client, *, was_there: bool
) -> None:
    if was_there:
        make_account("zoe@other.example").delete()

    answer = delete(branch, ERIN.replace("erin@firm", "zoe@other"))

    assert answer.status_code == 404


def test_an_address_that_was_left_by_a_new_name_was_not_deleted(
    program: Client, erin: Account
) -> None:
    Account.objects.filter(pk=erin.pk).update(address="erin.b@firm.example")

    assert delete(program).status_code == 404
    assert Account.objects.filter(pk=erin.pk).exists()


def test_the_mailbox_of_an_administrator_is_not_deleted(
    program: Client, firm: Domain
) -> None:
    boss = make_operator("boss@firm.example")

    assert delete(program, ERIN.replace("erin", "boss")).status_code == 403
    assert Account.objects.filter(pk=boss.pk).exists()


def test_a_token_deletes_no_more_than_its_owner_may(firm: Domain) -> None:
    make_domain("other.example")
    make_account("erin@firm.example")
    owner = make_operator("owner@other.example")
    program = client_with(make_token("sync", owner=owner))
    owner.groups.clear()

    assert delete(program).status_code == 403
    assert Account.objects.filter(address="erin@firm.example").exists()
