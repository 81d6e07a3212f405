"""The address of a list asks nothing but what its filters, search and columns do."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account
from administration.bulk import actions, jobs
from administration.models import Job
from tests.factories import make_account
from tests.signedin import sign_in_verified
from tests.unit.administration.lookups import (
    MODELS,
    NOTHING,
    differing,
    emptiness_of,
    list_of,
    parameters_for,
    paths,
    shown,
)
from tests.unit.administration.pages import MOST_QUERIES_OF_POST, ROLES_OF
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.one_database

ACCOUNTS = "/admin/accounts/account/"
# More than SQLite takes for a pattern.
LONG = "x" * 60_000


# --- what was possible ----------------------------------------------------------------


def test_the_seed_of_an_authenticator_app_is_not_read_bit_by_bit(
    auditor: Client, own: World
) -> None:
    device = own.rows["otp_totp_totpdevice"]
    answers = set()
    read = ""
    for _position in range(len(device.key)):
        digits = "0123456789abcdef"
        while len(digits) > 1:
            half = digits[: len(digits) // 2]
            asked = {"id": device.pk, "key__regex": f"^{read}[{half}]"}
            page = auditor.get("/admin/otp_totp/totpdevice/", asked)
            is_there = device in page.context["cl"].result_list
            answers.add(is_there)
            digits = half if is_there else digits[len(half) :]
        read += digits

    assert answers == {True}
    assert read == "0" * len(device.key) != device.key


# --- the walk -------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES_OF)
def test_no_list_is_another_for_what_its_address_asks_of_any_column(
    own: World, foreign: World, settings: Settings, role: str
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None
    browser = sign_in_verified(make_administrator(role, own.domain))
    browser.get("/admin/")
    seen = 0
    for model in MODELS:
        page = list_of(model)
        expected = shown(browser, page)
        seen += bool(expected[2])
        for asked in (
            parameters_for(model),
            emptiness_of(model, "1"),
            emptiness_of(model, "0"),
            [(name, NOTHING) for name in ("e", "all", "_facets", "_to_field", "id")],
        ):
            with CaptureQueriesContext(connection) as queries:
                assert differing(browser, page, asked, expected) == []
            # Once a minute the session is written as well.
            assert len(queries) <= MOST_QUERIES_OF_POST
            assert not [each for each in queries if NOTHING in each["sql"]]

    assert (seen == len(MODELS)) is (role in {"superuser", "operator"})


@pytest.mark.parametrize("model", MODELS)
def test_the_second_wall_allows_no_look_up_either(
    own: World, rf: Any, model: type[Model]
) -> None:
    request = rf.get("/")
    request.user = make_administrator("superuser", own.domain)
    page = admin.site.get_model_admin(model)

    allowed = {
        name
        for name, value in [*parameters_for(model), *emptiness_of(model, "1")]
        if page.lookup_allowed(name, value, request)
    }

    assert allowed <= {
        "client_passwords_on__exact",
        "is_active__exact",
        "is_staff__exact",
        "client_passwords_on__isnull",
        "is_active__isnull",
        "is_staff__isnull",
        "kind__exact",
        "kind__isnull",
        "reason__exact",
        "reason__isnull",
        "confirmed__exact",
        "confirmed__isnull",
        "because__exact",
        "because__isnull",
        # Not the columns: filters of these names, which take a word that they offer.
        "phone",
        "protocol",
    }


@pytest.mark.parametrize("role", ROLES_OF)
def test_no_list_is_sorted_by_a_column_that_is_not_for_sorting(
    own: World, foreign: World, role: str
) -> None:
    browser = sign_in_verified(make_administrator(role, own.domain))
    for model in MODELS:
        page = list_of(model)
        expected = shown(browser, page)
        if expected[0] != 200:
            continue
        changelist = browser.get(page).context["cl"]
        others = [
            str(number)
            for number, name in enumerate(changelist.list_display)
            if name not in changelist.sortable_by
        ]
        beyond = ["99", "-99", "999999", "--1", "1-1", "-", "", "x", "key", "\0", LONG]
        for asked in (others, [f"-{each}" for each in others], beyond):
            assert shown(browser, page, [("o", ".".join(asked))]) == expected


def test_a_list_is_sorted_by_what_it_offers(administrator: Client) -> None:
    for name in ("a", "b"):
        make_account(f"{name}@example.com")
    changelist = administrator.get(ACCOUNTS).context["cl"]
    column = changelist.list_display.index("address")

    rows = shown(administrator, ACCOUNTS)[2]
    for order, expected in (
        (f"{column}", rows),
        (f"-{column}", rows[::-1]),
        (f"-{column}.{column}.-{column}", rows[::-1]),
        (f"99.-{column}.x", rows[::-1]),
        (".".join([f"-{column}"] * 5000), rows[::-1]),
    ):
        assert shown(administrator, ACCOUNTS, [("o", order)])[2] == expected


@pytest.mark.parametrize("model", MODELS)
def test_no_record_is_looked_up_by_another_field(
    administrator: Client, own: World, model: type[Model]
) -> None:
    opts = model._meta
    row = own.rows[f"{opts.app_label}_{opts.model_name}"]
    pages = [
        reverse(f"admin:{opts.app_label}_{opts.model_name}_{view}", args=[row.pk])
        for view in ("change", "delete")
    ]
    pages = [page for page in pages if administrator.get(page).status_code == 200]
    for field in [*opts.get_fields(), opts.pk]:
        for page in [list_of(model), *pages]:
            answer = administrator.get(page, {"_to_field": field.name, "_popup": "1"})
            assert answer.status_code == 200, (page, field.name)


def test_nothing_refers_to_a_record_by_another_field_than_its_key() -> None:
    for model in MODELS:
        for field in model._meta.get_fields():
            if field.many_to_one or field.one_to_one:
                found: Any = field
                assert found.target_field.primary_key, field


def test_no_list_is_searched_by_a_pattern() -> None:
    for page in admin.site._registry.values():
        assert not [name for name in page.search_fields if "regex" in name]


def test_the_walk_goes_where_secrets_are() -> None:
    walked = {model._meta.label: set(paths(model)) for model in MODELS}

    assert {"key", "user__password", "user__phone__digest"} <= walked[
        "otp_totp.TOTPDevice"
    ]
    assert {"hash", "selector", "attempt", "account__totpdevice__key"} <= walked[
        "clientpasswords.ClientPassword"
    ]
    assert {
        "recovery_codes__hashes__0",
        "set_up_links__digest",
        "taken_over",
    } <= walked["accounts.Account"]


STRANGE = ["", "password", "no_such_field", "id__regex", "\0", LONG, "pk"]


@pytest.mark.parametrize("model", MODELS)
def test_what_a_form_sends_names_no_other_field_either(
    administrator: Client, own: World, model: type[Model]
) -> None:
    administrator.raise_request_exception = False
    opts = model._meta
    row = own.rows[f"{opts.app_label}_{opts.model_name}"]
    pages = [
        reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[row.pk]),
        reverse(f"admin:{opts.app_label}_{opts.model_name}_add"),
    ]
    for page in pages:
        expected = administrator.post(page, {"_popup": "1"}).status_code
        for name in STRANGE:
            sent = {"_to_field": name, "_popup": "1"}
            answer = administrator.post(page, sent)
            assert answer.status_code == expected < 500, (page, name)
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_delete", args=[row.pk])
    for name in STRANGE:  # without post=yes it asks
        answer = administrator.post(page, {"_to_field": name})
        assert answer.status_code < 500, (page, name)


@pytest.mark.parametrize("action", actions.BULK_ACTIONS, ids=lambda each: each.name)
def test_what_is_no_key_is_not_chosen(
    administrator: Client, own: World, action: actions.BulkAction
) -> None:
    administrator.raise_request_exception = False
    page, before = list_of(action.model), Job.objects.count()
    for key in ["abc", "", "1.5", "-1", "\0", LONG, "9" * 30, str(2**63)]:
        sent = {"action": action.name, "_selected_action": [key]}
        answer = administrator.post(page, sent, follow=True)
        assert answer.status_code == 200, key[:20]
        assert Job.objects.count() == before


def test_a_job_of_an_action_that_is_no_more_is_shown_by_its_stored_name(
    administrator: Client, own: World
) -> None:
    admin = Account.objects.get(pk=administrator.session["_auth_user_id"])
    job = jobs.create_job(actions.BY_NAME["unlock_codes"], [own.owner.pk], admin, None)
    Job.objects.filter(pk=job.pk).update(action="former_action")
    page = reverse("admin:administration_job_change", args=[job.pk])

    assert "former_action" in administrator.get(page).text
    assert "former_action" in administrator.get(list_of(Job)).text
    assert administrator.post(page, {"confirm": "1", "reason": "x"}).status_code == 200
    job.refresh_from_db()
    assert (job.confirmed_at, job.stopped_because) == (None, "not-possible")
