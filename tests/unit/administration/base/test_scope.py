"""Whose records an administrator sees, wherever they look."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.filters import RelatedFieldListFilter
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Cutoff, Heartbeat, Policy, SecurityEvent
from administration.base.scoped import ScopedAdmin, ScopedRelatedFilter
from administration.models import Job
from clientpasswords.models import FollowedLog
from provisioning import roles
from provisioning.models import ApiToken
from tests.factories import make_account, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import MOST_QUERIES, ROLES_OF
from tests.unit.administration.steps import rows_exported
from tests.unit.administration.worlds import World, make_administrator

# Of the whole host, and for site operators alone.
OF_THE_HOST = {ApiToken, FollowedLog, Group, Heartbeat}
LISTS = [model._meta.label_lower for model in admin.site._registry]


@pytest.fixture
def domain_admin(own: World, foreign: World) -> Account:
    return make_administrator("domain", own.domain)


@pytest.fixture
def browser(domain_admin: Account) -> Client:
    return sign_in_verified(domain_admin)


def rows_seen(account: Account, model: type[Model]) -> set[Any]:
    request = RequestFactory().get("/")
    request.user = account
    return set(admin.site.get_model_admin(model).get_queryset(request))


# --- nobody forgets it ----------------------------------------------------------------


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda m: m.__name__)
def test_every_page_is_scoped_and_says_how(model: type[Model]) -> None:
    page = admin.site._registry[model]

    assert isinstance(page, ScopedAdmin), "its base must be ScopedAdmin"
    says = model in roles.SCOPES or type(page).scope is not ScopedAdmin.scope
    assert says is (model not in OF_THE_HOST), (
        "SCOPES says by which path its domain is found, or that it has none"
    )


def test_a_page_that_says_nothing_shows_nothing(domain_admin: Account) -> None:
    class Forgetful(ScopedAdmin[Group]):
        pass

    Group.objects.create(name="Some group")
    request = RequestFactory().get("/")
    request.user = domain_admin

    assert not Forgetful(Group, admin.site).get_queryset(request).exists()


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda m: m.__name__)
def test_pages_show_what_workers_and_programs_are_let_see(
    own: World, foreign: World, domain_admin: Account, model: type[Model]
) -> None:
    if model is not Job:  # nobody but its page asks for those
        assert rows_seen(domain_admin, model) == set(roles.visible(domain_admin, model))


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda m: m.__name__)
def test_of_two_domains_one_is_seen(
    own: World, foreign: World, domain_admin: Account, model: type[Model]
) -> None:
    label = model._meta.label_lower.replace(".", "_")
    own_row, foreign_row = own.rows[label], foreign.rows[label]

    seen = rows_seen(domain_admin, model)

    assert foreign_row not in seen
    assert (own_row in seen) is (model not in OF_THE_HOST | {Job})


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda m: m.__name__)
def test_whoever_was_given_no_domain_sees_nothing(
    own: World, foreign: World, model: type[Model]
) -> None:
    nobody = make_administrator("domain without one", own.domain)
    make_policy("For every domain")

    assert not rows_seen(nobody, model)


def test_no_list_is_edited_in_place_and_no_inline_chooses_freely() -> None:
    for page in admin.site._registry.values():
        assert page.list_editable == ()
        for inline in page.inlines:
            fields = inline.model._meta.get_fields()
            chosen = set(inline.fields or [field.name for field in fields])
            related = {
                field.name
                for field in fields
                if field.is_relation and field.related_model is not page.model
            }
            assert not chosen & related, inline


def test_filters_by_a_relation_offer_what_is_seen(
    browser: Client, own: World, foreign: World
) -> None:
    page = browser.get("/admin/accounts/domain/")

    offered = [
        spec
        for spec in page.context["cl"].filter_specs
        if isinstance(spec, RelatedFieldListFilter)
    ]
    assert all(isinstance(spec, ScopedRelatedFilter) for spec in offered)
    assert foreign.policy.name not in page.content.decode()


# --- wherever they look ---------------------------------------------------------------


def test_searches_find_ones_own(browser: Client, own: World, foreign: World) -> None:
    for query, found in (("owner", {own.owner}), ("owner@zzforeign", set())):
        page = browser.get("/admin/accounts/account/", {"q": query})

        assert set(page.context["cl"].result_list) == found


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("account", "domain"),
        ("account", "department"),
        ("account", "policy"),
        ("account", "domains_administered"),
        ("department", "domain"),
        ("policy", "domain"),
    ],
)
def test_suggestions_are_ones_own(
    browser: Client, own: World, foreign: World, model: str, field: str
) -> None:
    query = {"app_label": "accounts", "model_name": model, "field_name": field}

    answer = browser.get(reverse("admin:autocomplete"), query).json()
    names = [each["text"] for each in answer["results"]]
    term = {**query, "term": "zzforeign"}
    typed = browser.get(reverse("admin:autocomplete"), term).json()

    assert any("ours" in name for name in names)
    assert not any("zzforeign" in name for name in names)
    assert typed["results"] == []


def test_all_that_match_are_ones_own(
    browser: Client, own: World, foreign: World
) -> None:
    data = {"action": "unlock_codes", "select_across": "1", "_selected_action": [1]}

    browser.post("/admin/accounts/account/", data)

    chosen = Job.objects.latest("pk").parts.get().pks
    assert own.owner.pk in chosen
    assert foreign.owner.pk not in chosen


def test_a_row_of_another_domain_cannot_be_chosen_by_its_number(
    browser: Client, foreign: World
) -> None:
    data = {"action": "revoke_all", "_selected_action": [foreign.owner.pk]}

    browser.post("/admin/accounts/account/", data)

    assert not Job.objects.filter(action="revoke_all", total__gt=0).exists()


def test_an_export_holds_ones_own(browser: Client, own: World, foreign: World) -> None:
    found = rows_exported(browser.post("/admin/accounts/securityevent/export/"))

    assert {row["domain"] for row in found} == {"ours.example"}


def test_the_report_of_a_policy_for_all_lists_ones_own(
    browser: Client, own: World, foreign: World
) -> None:
    shared = make_policy("For everybody")
    for world in (own, foreign):
        Policy.objects.filter(pk=world.policy.pk).update(domain=None)
        world.domain.policy = shared
        world.domain.save()

    page = browser.get(reverse("admin:accounts_policy_report", args=[shared.pk]))

    listed = {logon.account for logon in page.context["page"].object_list}
    assert listed == {own.owner}
    assert (
        page.context["reach"].mailboxes
        == Account.objects.filter(domain=own.domain).count()
    )


def test_cut_offs_of_a_whole_domain_are_seen_by_its_administrators(
    domain_admin: Account,
) -> None:
    masks = ["*@ours.example*", "*@zzforeign.example*", "*"]
    Cutoff.objects.bulk_create(
        Cutoff(login_mask=mask, node="n", kicks=1) for mask in masks
    )

    seen = {cutoff.login_mask for cutoff in rows_seen(domain_admin, Cutoff)}

    assert "*@ours.example*" in seen
    assert not seen & {"*@zzforeign.example*", "*"}


def test_events_of_a_mailbox_that_is_gone_stay_with_its_domain(
    domain_admin: Account, own: World
) -> None:
    own.owner.client_passwords.all().delete()
    pk = own.rows["accounts_securityevent"].pk
    own.owner.delete()

    assert pk in {event.pk for event in rows_seen(domain_admin, SecurityEvent)}


def test_a_domain_that_is_taken_away_is_out_of_sight_at_once(
    browser: Client, domain_admin: Account, own: World
) -> None:
    page = reverse("admin:accounts_account_change", args=[own.owner.pk])
    assert browser.get(page).status_code == 200

    domain_admin.domains_administered.clear()

    assert browser.get(page)["Location"] == "/admin/"


# --- speed ----------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES_OF)
def test_no_list_asks_more_than_twenty_times_for_fifty_rows(
    own: World, foreign: World, role: str
) -> None:
    for number in range(52):
        make_account(f"u{number}@ours.example")
    browser = sign_in_verified(make_administrator(role, own.domain))
    browser.get("/admin/")  # a session is written once a minute

    for label in LISTS:
        page = reverse(f"admin:{label.replace('.', '_')}_changelist")
        with CaptureQueriesContext(connection) as queries:
            answer = browser.get(page)
        assert len(queries) <= MOST_QUERIES, (label, [each["sql"] for each in queries])
        if label == "accounts.account" and role not in {
            "no group",
            "domain without one",
        }:
            assert len(answer.context["cl"].result_list) == 50
