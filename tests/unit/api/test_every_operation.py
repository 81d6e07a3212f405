"""What a token opens: no more than it was made for, nor than its owner may do now.

Asked of every operation there is. What a token does not see is to it as what does not
exist: the same status, words, headers and work.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, Domain, Policy
from provisioning import token_access, tokens
from provisioning.models import ApiToken
from provisioning.operations import offboard
from tests.unit.api import operations
from tests.unit.api.conftest import OPERATOR, client_with, make_operator, make_token
from tests.unit.api.operations import FOREIGN, OPERATIONS, call, everything, found

pytestmark = pytest.mark.django_db

Key = tuple[str, str]
EVERY = sorted(OPERATIONS)
READ = {"accounts:read", "domains:read", "policies:read", "passwords:read"}
OF_MAILBOXES = {"accounts:write", "passwords:revoke"}
# What an owner who was a site operator is now, and what their token opens then, in
# their domain alone.
DEMOTED: dict[str, tuple[list[str], bool, set[str]]] = {
    "auditor": (["Auditors"], True, READ),
    "help desk": (["Help desk"], True, READ | {"passwords:revoke"}),
    "domain": (["Domain administrators"], True, READ | OF_MAILBOXES),
    "auditor without a domain": (["Auditors"], False, READ),
    "no group": ([], True, set()),
}


@pytest.fixture
def host(db: None) -> Domain:
    return operations.make_host()


@pytest.fixture
def owner(host: Domain) -> Account:
    return make_operator("owner@firm.example")


def demote(owner: Account, groups: list[str], domain: Domain | None) -> None:
    owner.groups.set(Group.objects.filter(name__in=groups))
    owner.domains_administered.set([domain] if domain else [])


def limited(kind: str, host: Domain) -> tuple[Client, set[str]]:
    """A program that sees one domain or none, and the scopes that it has."""
    if kind == "limited":
        scopes = set(ApiToken.Scope.values) - token_access.WHOLE_HOST_SCOPES
        return client_with(make_token("branch", domains=[host])), scopes
    groups, has_domain, scopes = DEMOTED[kind]
    owner = make_operator("owner@firm.example")
    program = client_with(make_token(owner=owner))
    demote(owner, groups, host if has_domain else None)
    return program, scopes


def told(answer: Any) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.content, dict(answer.headers)


def test_every_operation_of_the_api_is_called_here() -> None:
    there_are = set(operations.scopes())

    assert there_are == set(OPERATIONS), (
        f"{there_are ^ set(OPERATIONS)}: say in tests/unit/api/operations.py how it is "
        "called, and which of its answers must not be told apart."
    )


def test_every_scope_says_what_its_owner_has_to_be_permitted() -> None:
    assert set(token_access.PERMISSIONS) == set(ApiToken.Scope)
    assert all(token_access.PERMISSIONS.values())


@pytest.mark.parametrize(("method", "place"), EVERY)
@pytest.mark.parametrize("kind", ["limited", *DEMOTED])
def test_nobody_can_tell_what_a_token_does_not_see_from_what_does_not_exist(
    host: Domain, kind: str, method: str, place: str, time_machine: Traveller
) -> None:
    # A new minute begins new budgets, which takes more queries.
    time_machine.move_to(timezone.now(), tick=False)
    program, _scopes = limited(kind, host)
    call(
        program, method, found(OPERATIONS[method, place].own)
    )  # notes the use of the token
    before = everything()

    for one, missing in OPERATIONS[method, place].pairs:
        hidden = found(one)
        with CaptureQueriesContext(connection) as asked:
            first = told(call(program, method, hidden))
        with CaptureQueriesContext(connection) as asked_of_nothing:
            second = told(call(program, method, missing))
        assert first == second, hidden
        assert FOREIGN.encode() not in first[1]
        assert len(asked) == len(asked_of_nothing), hidden

    assert everything() == before


@pytest.mark.parametrize(("method", "place"), EVERY)
@pytest.mark.parametrize("kind", ["limited", *DEMOTED])
def test_a_token_opens_what_its_owner_may_do_now_in_the_domains_that_are_theirs(
    host: Domain, kind: str, method: str, place: str
) -> None:
    program, scopes = limited(kind, host)
    scope = operations.scopes()[method, place]
    never = make_token("other", *set(ApiToken.Scope.values) - {scope})

    own = call(program, method, found(OPERATIONS[method, place].own))

    assert FOREIGN not in own.text
    if scope not in scopes:
        refused = call(client_with(never), method, found(OPERATIONS[method, place].own))
        assert own.status_code == 403
        assert told(own) == told(refused)
    elif kind == "auditor without a domain" and "{" in place:
        assert own.status_code == 404
    else:
        assert own.status_code == 200
    if kind == "auditor without a domain" and "{" not in place:
        assert own.json() == {"items": [], "next": None}


def disabled(owner: Account) -> None:
    Account.objects.filter(pk=owner.pk).update(is_active=False)


def no_administrator(owner: Account) -> None:
    Account.objects.filter(pk=owner.pk).update(is_staff=False)


def deleted(owner: Account) -> None:
    owner.delete()


def offboarded(owner: Account) -> None:
    offboard(owner, OPERATOR)
    Account.objects.filter(pk=owner.pk).update(is_active=True)


def revoked(owner: Account) -> None:
    tokens.revoke("sync", OPERATOR)


@pytest.mark.parametrize(
    "lose", [disabled, no_administrator, deleted, offboarded, revoked]
)
def test_without_its_owner_a_token_opens_nothing(
    owner: Account, lose: Callable[[Account], None]
) -> None:
    program = client_with(make_token(owner=owner))
    assert program.get("/api/v1/domains").status_code == 200
    lose(owner)
    before = everything()

    for method, place in EVERY:
        own = call(program, method, found(OPERATIONS[method, place].own))
        assert own.status_code == 401, place

    assert everything() == before


@pytest.mark.parametrize("scope", ApiToken.Scope)
def test_each_permission_of_a_scope_is_needed(
    owner: Account, scope: ApiToken.Scope
) -> None:
    program = client_with(make_token(owner=owner))
    key = next(key for key, needed in operations.scopes().items() if needed == scope)
    group = Group.objects.get(name="Site operators")
    every = list(group.permissions.all())

    for name in token_access.PERMISSIONS[scope]:
        taken = {name, name.replace(".view_", ".change_")}
        group.permissions.set(
            [
                each
                for each in every
                if f"{each.content_type.app_label}.{each.codename}" not in taken
            ]
        )
        assert call(program, key[0], found(OPERATIONS[key].own)).status_code == 403, (
            name
        )
    group.permissions.set(every)
    assert call(program, key[0], found(OPERATIONS[key].own)).status_code == 200


def test_what_was_taken_comes_back_with_the_right(owner: Account, host: Domain) -> None:
    program = client_with(make_token(owner=owner))
    place = f"/api/v1/accounts/{operations.ZOE}"

    demote(owner, ["Auditors"], host)
    assert program.get(place).status_code == 404
    demote(owner, ["Auditors"], Domain.objects.get(name=f"{FOREIGN}.example"))
    assert program.get(place).status_code == 200
    demote(owner, ["Auditors", "Every domain of the host"], None)
    assert program.get(place).status_code == 200


def test_of_a_limited_token_and_a_narrowed_owner_only_what_both_have_is_open(
    owner: Account, host: Domain
) -> None:
    foreign = Domain.objects.get(name=f"{FOREIGN}.example")
    program = client_with(make_token("one", domains=[foreign], owner=owner))
    demote(owner, ["Domain administrators"], host)

    for place in ("accounts", "domains", "policies"):
        assert program.get(f"/api/v1/{place}").json()["items"] == []


def test_of_a_foreign_policy_that_binds_a_mailbox_of_its_own_only_the_name_is_shown(
    host: Domain,
) -> None:
    """No rule of the portal lets it come to that."""
    program = client_with(make_token("branch", domains=[host]))
    theirs = Policy.objects.get(name=operations.THEIRS)
    Account.objects.filter(address=operations.ERIN).update(policy=theirs)

    shown = program.get(f"/api/v1/accounts/{operations.ERIN}").json()

    assert shown["policy"] == theirs.name
    assert program.get(f"/api/v1/policies/{theirs.name}").status_code == 404
    assert theirs.name not in program.get("/api/v1/policies").text
