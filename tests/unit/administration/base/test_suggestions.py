"""Fields that are searched suggest what their person sees; no other relation does."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteMixin
from django.test import Client
from django.urls import reverse

from administration.bulk import actions
from api.forms import MakeForm
from tests.signedin import sign_in_verified
from tests.unit.administration.lookups import NOTHING
from tests.unit.administration.pages import ROLES_OF
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.both_databases

# App, model and field: what the forms of the administration search for.
SEARCHED = {
    ("accounts", "account", "domain"),
    ("accounts", "account", "department"),
    ("accounts", "account", "policy"),
    ("accounts", "account", "domains_administered"),
    ("accounts", "department", "domain"),
    ("accounts", "department", "policy"),
    ("accounts", "domain", "policy"),
    ("accounts", "policy", "domain"),
    ("provisioning", "apitoken", "domains"),
}


def every_field() -> Iterator[tuple[str, str, str]]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            yield model._meta.app_label, str(model._meta.model_name), field.name


def suggested(browser: Client, asked: tuple[str, str, str], **more: Any) -> Any:
    names = ("app_label", "model_name", "field_name")
    query = dict(zip(names, asked, strict=True)) | more
    return browser.get(reverse("admin:autocomplete"), query)


@pytest.mark.one_database
@pytest.mark.parametrize("role", ROLES_OF)
def test_only_the_fields_that_are_searched_suggest(
    own: World, foreign: World, role: str
) -> None:
    browser = sign_in_verified(make_administrator(role, own.domain))
    sees_all = ROLES_OF[role][1]
    statuses = {}
    for asked in every_field():
        answer = suggested(browser, asked)
        statuses[asked] = answer.status_code
        if answer.status_code == 200 and not sees_all:
            assert "zzforeign" not in answer.text
            assert "zzforeign" not in suggested(browser, asked, term="zzforeign").text

    expected = 403 if role == "no group" else 200
    assert statuses == {
        asked: expected if asked in SEARCHED else 403 for asked in statuses
    }


def test_every_field_that_a_form_searches_is_among_them() -> None:
    found = {
        (page.opts.app_label, page.opts.model_name, name)
        for page in admin.site._registry.values()
        for name in page.autocomplete_fields
    }

    assert found == SEARCHED


def test_every_form_of_our_own_asks_for_a_field_that_is_searched() -> None:
    forms: list[Any] = [
        MakeForm,
        *(action.form for action in actions.BULK_ACTIONS if action.form),
    ]
    found = {
        (field.model._meta.app_label, field.model._meta.model_name, field.name)
        for form in forms
        for widget in (each.widget for each in form.base_fields.values())
        if isinstance(widget, AutocompleteMixin)
        for field in [widget.field]
    }

    assert ("provisioning", "apitoken", "domains") in found
    assert found <= SEARCHED


@pytest.mark.parametrize(
    "more",
    [
        {"page": "abc"},
        {"page": "99999"},
        {"page": "-1"},
        {"term": "\0"},
        {"term": "x" * 60_000},
        {"term": "[("},
        {"_to_field": "password", "to_field": "password"},
        {"password__startswith": NOTHING, "id__exact": "0"},
    ],
)
def test_nothing_else_in_the_address_counts(
    administrator: Client, own: World, foreign: World, more: dict[str, str]
) -> None:
    asked = ("accounts", "account", "domain")
    everything = suggested(administrator, asked).json()["results"]

    answer = suggested(administrator, asked, **more)

    assert answer.status_code == 200
    expected = [] if "term" in more else everything
    assert answer.json()["results"] == expected
    assert len(everything) == 3


def test_a_suggestion_tells_the_key_and_the_name(
    administrator: Client, own: World
) -> None:
    asked = ("accounts", "account", "domain")

    found = suggested(administrator, asked, term="ours").json()["results"]

    assert found == [{"id": str(own.domain.pk), "text": own.domain.name}]
