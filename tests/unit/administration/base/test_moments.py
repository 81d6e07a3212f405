"""Forms take no moment that some time zone cannot show."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from administration.base.widgets import MomentField
from administration.bulk import actions
from api.forms import MakeForm
from provisioning.models import ApiToken
from tests.unit.administration.rolesteps import browser_as, errors_of, post_policy
from tests.unit.administration.worlds import World, make_administrator

ZONES = ["America/New_York", "Asia/Tokyo", "UTC"]
BEYOND = [
    ("9999-12-31", "23:59:59"),
    ("9999-01-02", "00:00"),
    ("0001-01-01", "00:00"),
    ("1000-01-01", "00:00"),
    ("1969-06-01", "00:00"),
]


@pytest.fixture(params=ZONES)
def _zone(request: Any, settings: Settings) -> Iterator[None]:
    settings.TIME_ZONE = request.param
    timezone.deactivate()
    with timezone.override(request.param):
        yield


def every_form(request: Any, own: World) -> Iterator[Any]:
    for page in admin.site._registry.values():
        opts = page.opts
        row = own.rows.get(f"{opts.app_label}_{opts.model_name}")
        if page.model is ApiToken:  # it asks by `MakeForm`
            continue
        if page.has_add_permission(request):
            yield page.get_form(request, None)
        if page.has_change_permission(request, row):
            yield page.get_form(request, row, change=True)
        for inline in page.inlines:
            formset: Any = inline(page.model, page.admin_site).get_formset(request)
            yield formset.form
    yield MakeForm
    yield from (action.form for action in actions.BULK_ACTIONS)


def test_every_form_asks_for_moments_in_this_way(own: World, rf: Any) -> None:
    request = rf.get("/")
    request.user = make_administrator("superuser", own.domain)
    asked = [
        field
        for form in every_form(request, own)
        for field in form.base_fields.values()
        if isinstance(field, forms.DateTimeField | forms.SplitDateTimeField)
    ]

    assert len(asked) >= 5
    assert [each for each in asked if not isinstance(each, MomentField)] == []


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("typed", BEYOND)
def test_a_moment_beyond_the_calendar_is_refused(typed: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        MomentField().clean(typed)


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("typed", [("1970-01-02", "00:00"), ("9998-12-30", "23:59")])
def test_any_other_is_taken(typed: tuple[str, str]) -> None:
    assert str(MomentField().clean(typed))[:4] == typed[0][:4]


@pytest.mark.usefixtures("_zone")
@pytest.mark.parametrize("typed", BEYOND)
def test_the_page_says_so_at_the_field(own: World, typed: tuple[str, str]) -> None:
    browser = browser_as("operator", own)
    sent = dict(zip(("required_from_0", "required_from_1"), typed, strict=True))

    refused = post_policy(browser, own.policy, domain=own.domain.pk, **sent)

    assert set(errors_of(refused)) == {"required_from"}
    own.policy.refresh_from_db()
    assert own.policy.required_from is None
    page = reverse("admin:accounts_policy_change", args=[own.policy.pk])
    assert browser.get(page).status_code == 200
