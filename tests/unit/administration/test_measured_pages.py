"""The bench measures every page, every search and every typed filter."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import resolve, reverse

from administration.base.filters import TextFilter
from bench import adminpages
from tests.factories import make_account, make_policy
from tests.unit.administration.pages import PAGES, TABLE

MODELS = list(admin.site._registry)


@pytest.fixture
def addresses(administrator: Client, own: object) -> set[str]:
    """What the bench measures where there is a record of each kind."""
    make_account("user7@d8.example")
    make_policy("Closed")
    return set(adminpages.pages(administrator))


def test_every_page_is_measured_or_has_a_reason(addresses: set[str]) -> None:
    measured = {resolve(urlsplit(each).path).url_name for each in addresses}
    refused = {name for name in PAGES if TABLE[name]["operator"].startswith("no")}
    reasons = adminpages.NOT_MEASURED

    assert set(PAGES) - refused - measured == set(reasons)
    assert all(reasons.values())


def test_every_search_and_typed_filter_is_measured(addresses: set[str]) -> None:
    for model in MODELS:
        page, opts = admin.site.get_model_admin(model), model._meta
        list_ = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
        used = {
            name
            for address in addresses
            if urlsplit(address).path == list_
            for name, _value in parse_qsl(urlsplit(address).query)
        }
        typed = {
            each.parameter_name
            for each in page.list_filter
            if isinstance(each, type) and issubclass(each, TextFilter)
        }

        assert typed <= used, list_
        assert ("q" in used) == bool(page.search_fields), list_
