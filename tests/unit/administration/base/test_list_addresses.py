"""What a list does take from its address, and what is done with the list."""

from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain, SecurityEvent
from administration.domains import DomainAdmin
from administration.models import Job
from tests.factories import make_account, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.lookups import MODELS, list_of, shown
from tests.unit.administration.steps import rows_exported
from tests.unit.administration.worlds import World, make_administrator

ACCOUNTS = "/admin/accounts/account/"
EVENTS = "/admin/accounts/securityevent/"
# More than SQLite takes for a pattern.
LONG = "x" * 60_000
ODD = ["", "foo", "\0", "-1", "99999", "1" * 5000, LONG, "('", "%", "[", "é"]


@pytest.fixture
def domain_admin(own: World, foreign: World) -> Client:
    return sign_in_verified(make_administrator("domain", own.domain))


# --- odd values of what a list does take ----------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_no_odd_value_leads_to_an_error_page(
    administrator: Client, own: World, model: type[Model]
) -> None:
    page = list_of(model)
    filters = administrator.get(page).context["cl"].filter_specs
    names = [name for each in filters for name in each.expected_parameters()]
    names += ["q", "p", "o", "_popup", "_to_field", "e"]
    together = [dict.fromkeys(names, value) for value in ODD]
    # Where one of them leaves no row, the database would not be asked for the others.
    singly = [{name: value} for name in names for value in ("\0", LONG)]

    for asked in [*together, *singly]:
        answer = administrator.get(page, asked)
        assert answer.status_code == 200, str(asked)[:100]
        assert answer.context["cl"].model is model


@pytest.mark.parametrize(
    "asked",
    [
        {"is_active__exact": "foo"},
        {"is_active__exact": "2"},
        {"is_active__isnull": "1"},
        {"client_passwords_on__exact": "\0"},
        {"exception": "foo"},
        {"has": "foo"},
        {"p": "abc"},
        {"p": "99999"},
        {"p": "-1"},
        {"o": "-1.x.99"},
        {"e": "1"},
        {"e": "1", "is_active__exact": "foo"},
    ],
)
def test_a_value_that_is_not_offered_is_as_if_it_were_not_there(
    auditor: Client, asked: dict[str, str]
) -> None:
    assert shown(auditor, ACCOUNTS, asked.items()) == shown(auditor, ACCOUNTS)


def test_of_a_filter_given_twice_the_last_one_counts(administrator: Client) -> None:
    make_account("off@example.com", is_active=False)

    asked = [("is_active__exact", "1"), ("is_active__exact", "0")]

    assert len(shown(administrator, ACCOUNTS, asked)[2]) == 1


# --- other domains --------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["policy__id__exact", "policy__isnull", "policy", "policy__id__in"]
)
def test_a_filter_by_a_relation_takes_what_it_offers(
    own: World, foreign: World, rf: Any, name: str
) -> None:
    class Narrowed(DomainAdmin):
        list_filter = ["policy"]

    shared = make_policy("For every domain")
    account = make_administrator("domain", own.domain)
    second = Domain.objects.create(name="second.example", policy=shared)
    account.domains_administered.add(second)

    def found(value: Any) -> set[Domain]:
        request = rf.get("/", {name: value})
        request.user = account
        page = Narrowed(Domain, admin.site)
        return set(page.get_changelist_instance(request).queryset)

    for value in (foreign.policy.pk, 999_999, "foo", "\0"):
        assert found(value) == {own.domain, second}
    is_its_own = name == "policy__id__exact"
    assert found(shared.pk) == ({second} if is_its_own else {own.domain, second})


@pytest.mark.parametrize("page", ["account", "policy", "domain", "department"])
@pytest.mark.parametrize(
    "name", ["domain__id__exact", "domain", "domains", "accounts", "departments", "id"]
)
def test_another_domain_is_as_one_that_is_not_there(
    domain_admin: Client, foreign: World, page: str, name: str
) -> None:
    rows = {"accounts": foreign.owner, "departments": foreign.department}
    row = rows.get(name, foreign.domain)
    page = f"/admin/accounts/{page}/"

    asked = [shown(domain_admin, page, [(name, pk)]) for pk in (row.pk, 999_999)]

    assert asked == [shown(domain_admin, page)] * 2


def test_a_typed_domain_of_others_is_as_one_that_is_not_there(
    domain_admin: Client, foreign: World
) -> None:
    for model in MODELS:
        page = list_of(model)
        for name in ("in", "q", "by"):
            there, not_there = (
                shown(domain_admin, page, [(name, text)])
                for text in (foreign.domain.name, "nowhere.example")
            )
            assert there == not_there


# --- what is done with a list ---------------------------------------------------------


def test_what_is_exported_and_recorded_is_the_list_that_is_shown(
    administrator: Client, own: World, foreign: World
) -> None:
    asked = "in=ours.example&detail__regex=secret&actor__startswith=zz&e=1"

    rows = rows_exported(administrator.post(f"{EVENTS}export/?{asked}"))

    assert {row["domain"] for row in rows} == {"ours.example"}
    event = SecurityEvent.objects.get(kind="exported")
    assert event.detail == {"listed": "in=ours.example"}


def test_an_action_is_for_all_that_the_list_shows(
    administrator: Client, own: World, foreign: World
) -> None:
    data = {"action": "unlock_codes", "select_across": "1", "_selected_action": [1]}

    for more in ("", "&password__startswith=zz&taken_over__gt=zz"):
        administrator.post(f"{ACCOUNTS}?in=ours.example{more}", data)

    chosen = [job.parts.get().pks for job in Job.objects.order_by("-pk")[:2]]
    inside = Account.objects.filter(domain=own.domain).order_by("pk")
    assert chosen == [[*inside.values_list("pk", flat=True)]] * 2


@pytest.mark.parametrize("value", ["abc", "1", "\0", "on"])
def test_no_address_fills_in_a_form(
    administrator: Client, own: World, value: str
) -> None:
    pages = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_add")
        for model in MODELS
    ]
    names = [field.name for field in Account._meta.get_fields()]
    asked = dict.fromkeys([*names, "password1", "key", "user"], value)

    for page in pages:
        plain, prepared = administrator.get(page), administrator.get(page, asked)
        assert prepared.status_code == plain.status_code
        if plain.status_code == 200:
            initial = [
                answer.context["adminform"].form.initial for answer in (plain, prepared)
            ]
            assert initial[0] == initial[1]
