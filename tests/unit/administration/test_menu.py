"""The menu: each kind of record is in one group; the rarely needed are folded."""

from collections import Counter

from django.contrib import admin
from django.contrib.sites.models import Site
from django.test import Client

from administration import menu
from tests.unit.administration.lookups import list_of


def test_every_list_is_in_exactly_one_group() -> None:
    counted = Counter(label for group in menu.MENU for label in group.models)

    assert counted == Counter(model._meta.label for model in admin.site._registry)


def test_nobody_is_led_to_records_that_nothing_uses() -> None:
    assert not admin.site.is_registered(Site)


def test_the_start_page_and_the_side_have_the_groups(administrator: Client) -> None:
    page = administrator.get("/admin/")

    names = [str(group["name"]) for group in page.context["app_list"]]
    assert names == ["People", "Rules", "Records", "Technical"]
    folded = [group["is_folded"] for group in page.context["app_list"]]
    assert folded == [False, False, False, True]


def test_a_folded_group_is_open_on_its_own_pages(administrator: Client) -> None:
    technical = menu.MENU[-1]
    for model in admin.site._registry:
        page = administrator.get(list_of(model))
        last = page.context["available_apps"][-1]
        assert last["is_folded"] is (model._meta.label not in technical.models)


def test_the_page_of_an_app_is_the_start_page(administrator: Client) -> None:
    assert administrator.get("/admin/accounts/")["Location"] == "/admin/"


def test_a_model_in_no_group_is_still_in_the_menu() -> None:
    entry = {"object_name": "New", "admin_url": "/admin/new/"}
    apps = [{"app_label": "library", "models": [entry]}]

    (group,) = menu.group_models(apps, "/admin/")

    assert group["models"] == [entry]
