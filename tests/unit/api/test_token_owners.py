"""A token goes with its owner: off-boarded, disabled, without the role, deleted."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain, SecurityEvent
from administration import acts
from api.models import ApiToken
from tests.factories import make_account
from tests.unit.administration.jobsteps import WHY, choose, do
from tests.unit.api.conftest import OPERATOR, client_with, make_token
from tests.unit.api.tokensteps import ADD, LIST, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(firm: Domain) -> Account:
    return make_account("operator@firm.example", is_staff=True)


@pytest.fixture
def theirs(owner: Account) -> Client:
    return client_with(make_token("theirs", owner=owner))


def answer(program: Client) -> int:
    return program.get("/api/v1/accounts").status_code


def revoked() -> list[Any]:
    rows = SecurityEvent.objects.filter(kind="record-deleted").order_by("pk")
    return [(row.detail.get("apitoken"), row.reason) for row in rows]


def test_off_boarding_revokes_what_they_own_and_says_so(
    administrator: Client, owner: Account, theirs: Client
) -> None:
    client_with(make_token("second", owner=owner))
    of_nobody = client_with(make_token("of nobody"))
    page = choose(administrator, "off_board", [owner, make_account()])

    asked = administrator.get(page).text
    done = do(administrator, "off_board", [owner])

    assert "2 API tokens that they own are revoked as well" in asked
    assert done.counts()["changed"] == 1
    assert [answer(each) for each in (theirs, of_nobody)] == [401, 200]
    assert revoked() == [("theirs", WHY), ("second", WHY)]
    event = SecurityEvent.objects.filter(kind="record-deleted").latest("pk")
    assert (event.actor, event.detail["owner"]) == ("admin@example.com", owner.address)
    Account.objects.filter(pk=owner.pk).update(is_active=True)
    assert answer(theirs) == 401


def test_of_others_and_of_ended_ones_off_boarding_says_nothing(
    administrator: Client, owner: Account, theirs: Client
) -> None:
    other = choose(administrator, "off_board", [make_account()])
    assert "revoked as well" not in administrator.get(other).text

    acts.revoke_tokens(owner, OPERATOR)

    theirs_too = choose(administrator, "off_board", [owner])
    assert "revoked as well" not in administrator.get(theirs_too).text


def test_off_boarded_after_they_were_disabled_their_tokens_are_revoked_too(
    owner: Account, theirs: Client
) -> None:
    Account.objects.filter(pk=owner.pk).update(is_active=False)
    owner.refresh_from_db()

    assert acts.off_board(owner, OPERATOR)
    assert not acts.off_board(owner, OPERATOR)

    assert revoked() == [("theirs", "")]
    assert ApiToken.objects.get().revoked_at is not None


@pytest.mark.parametrize("lost", ["is_active", "is_staff"])
def test_a_token_opens_nothing_while_its_owner_is_no_administrator(
    administrator: Client, owner: Account, theirs: Client, lost: str
) -> None:
    assert answer(theirs) == 200
    Account.objects.filter(pk=owner.pk).update(**{lost: False})

    assert answer(theirs) == 401
    assert not ApiToken.objects.live().exists()
    (row,) = ApiToken.objects.ended()
    assert not row.is_live
    assert "its owner is no administrator" in administrator.get(LIST).text
    assert "its owner is no" in administrator.get(page_of("theirs", "change")).text

    Account.objects.filter(pk=owner.pk).update(**{lost: True})
    assert answer(theirs) == 200


def test_a_mailbox_that_is_deleted_takes_its_tokens_along(
    administrator: Client, owner: Account, theirs: Client
) -> None:
    page = reverse("admin:accounts_account_delete", args=[owner.pk])

    administrator.post(page, {"post": "yes"})

    assert not Account.objects.filter(pk=owner.pk).exists()
    assert answer(theirs) == 401
    assert ("theirs", "") in revoked()
    assert ApiToken.objects.get().revoked_at is not None


def test_however_its_owner_was_deleted_a_token_opens_nothing_without_them(
    owner: Account, theirs: Client
) -> None:
    owner.delete()

    token = ApiToken.objects.get()
    assert (token.owner, token.is_live) == (None, False)
    assert answer(theirs) == 401
    assert not ApiToken.objects.live().exists()


def test_the_pages_say_whose_a_token_is_and_what_that_means(
    administrator: Client, owner: Account, theirs: Client
) -> None:
    make_token("of nobody")

    listed = administrator.get(LIST).text

    owners = re.findall(r"field-owner[^>]*>(?:<a [^>]*>)?([^<]*)<", listed)
    assert owners == ["-", owner.address]
    assert owner.address in administrator.get(page_of("theirs", "change")).text
    assert "You are its owner" in administrator.get(ADD).text
