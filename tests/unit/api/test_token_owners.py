"""A token goes with its owner: off-boarded, disabled, without the role, deleted."""

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Domain, SecurityEvent
from provisioning import operations, tokens
from provisioning.models import ApiToken
from tests.factories import make_account, make_domain
from tests.unit.administration.jobsteps import WHY, choose, do
from tests.unit.api.conftest import OPERATOR, client_with, make_operator, make_token
from tests.unit.api.tokensteps import ADD, LIST, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(firm: Domain) -> Account:
    return make_operator("operator@firm.example")


@pytest.fixture
def theirs(owner: Account) -> Client:
    return client_with(make_token("theirs", owner=owner))


def answer(program: Client) -> int:
    return program.get("/api/v1/accounts").status_code


def revoked() -> list[Any]:
    rows = SecurityEvent.objects.filter(kind="record-deleted").order_by("pk")
    return [(row.detail.get("apitoken"), row.reason) for row in rows]


def test_offboarding_revokes_what_they_own_and_says_so(
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


def test_of_others_and_of_ended_ones_offboarding_says_nothing(
    administrator: Client, owner: Account, theirs: Client
) -> None:
    other = choose(administrator, "off_board", [make_account()])
    assert "revoked as well" not in administrator.get(other).text

    operations.revoke_tokens(owner, OPERATOR)

    theirs_too = choose(administrator, "off_board", [owner])
    assert "revoked as well" not in administrator.get(theirs_too).text


def test_offboarded_after_they_were_disabled_their_tokens_are_revoked_too(
    owner: Account, theirs: Client
) -> None:
    Account.objects.filter(pk=owner.pk).update(is_active=False)
    owner.refresh_from_db()

    assert operations.offboard(owner, OPERATOR)
    assert not operations.offboard(owner, OPERATOR)

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
    assert "its owner is not an administrator" in administrator.get(LIST).text
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
    assert owners == ["—", owner.address]
    assert owner.address in administrator.get(page_of("theirs", "change")).text
    assert "The token acts as you" in administrator.get(ADD).text


def test_the_pages_say_what_a_token_opens_no_more_as_its_owner_may_not(
    administrator: Client, firm: Domain, owner: Account, theirs: Client
) -> None:
    make_domain("other.example")
    page = page_of("theirs", "change")
    assert "not allowed for its owner" not in administrator.get(LIST).text
    assert "not allowed for its owner" not in administrator.get(page).text

    owner.groups.set(Group.objects.filter(name="Auditors"))
    owner.domains_administered.add(firm)

    beyond = (
        "accounts:delete, accounts:write, domains:write, passwords:revoke, "
        "policies:write"
    )
    for place in (LIST, page):
        text = administrator.get(place).text
        assert f"in force; not allowed for its owner now: {beyond}" in text
        assert "only in domains that its owner administers now" in text
    fields = administrator.get(page).context["adminform"].model_admin
    token = ApiToken.objects.get()
    assert str(fields.scopes_now(token)) == (
        "accounts:read, domains:read, passwords:read, policies:read"
    )
    assert str(fields.domains_now(token)) == "firm.example"
    out = StringIO()
    call_command("list_api_tokens", stdout=out)
    spaced = beyond.replace(",", "")
    assert f"not allowed for its owner now: {spaced}, only in domains" in out.getvalue()


def test_the_list_asks_no_more_for_many_owners(
    administrator: Client, firm: Domain
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            administrator.get(LIST)
        return len(queries)

    make_token("first", owner=make_operator("first@firm.example"))
    administrator.get(LIST)
    before = asked()
    for number in range(5):
        make_token(f"t{number}", owner=make_operator(f"op{number}@firm.example"))

    assert asked() == before


def test_a_token_is_not_made_for_more_than_its_owner_may_do(
    administrator: Client, firm: Domain
) -> None:
    auditor = make_account("auditor@firm.example", is_staff=True)
    auditor.groups.set(Group.objects.filter(name="Auditors"))

    with pytest.raises(tokens.TokenRefused) as refusal:
        make_token("sync", "accounts:read", "accounts:write", owner=auditor)

    assert refusal.value.field == "scopes"
    assert str(refusal.value) == "The owner is not allowed: accounts:write."
    assert not ApiToken.objects.exists()
    make_token("sync", "accounts:read", owner=auditor)
