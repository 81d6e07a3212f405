"""What an address of a list could ask of each column, and what the list then shows."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db import models
from django.db.models import Model
from django.test import Client
from django.urls import reverse

NOTHING = "~nothing-is-like-this~"
# Each with what no row of a list fulfils. What is unfit for a column (a text where a
# number is) Django answers by leading to another page, which is a difference as well.
LOOKUPS = {
    "exact": NOTHING,
    "in": NOTHING,
    "contains": NOTHING,
    "startswith": NOTHING,
    "regex": f"^{NOTHING}$",
    "gt": NOTHING,
}
STEPS = 2


def paths(model: type[Model], steps: int = STEPS, before: str = "") -> Iterator[str]:
    """Every field of a model and of those it is related to, as look-ups name them."""
    for field in model._meta.get_fields():
        yield from (before + name for name in _names(field))
        if steps and field.related_model:
            related: Any = field.related_model
            yield from paths(related, steps - 1, f"{before}{field.name}__")


def _names(field: Any) -> set[str]:
    names = {field.name, getattr(field, "attname", field.name)}
    if isinstance(field, models.JSONField):
        names |= {f"{field.name}__0", f"{field.name}__changed"}
    return names


def parameters_for(model: type[Model]) -> list[tuple[str, str]]:
    """What could be asked of all these fields that would empty the list."""
    return [
        (f"{path}__{lookup}", value)
        for path in paths(model)
        for lookup, value in LOOKUPS.items()
    ] + [(path, NOTHING) for path in paths(model)]


def emptiness_of(model: type[Model], value: str) -> list[tuple[str, str]]:
    """Whether these fields are NULL, or are not: of each, one empties the list."""
    return [(f"{path}__isnull", value) for path in paths(model)]


def list_of(model: type[Model]) -> str:
    opts = model._meta
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def shown(browser: Client, page: str, asked: Any = ()) -> tuple[Any, ...]:
    """What a list answers: its status, where it leads to, its rows and their order."""
    answer = browser.get(f"{page}?{urlencode([*asked])}")
    changelist = answer.context["cl"] if answer.status_code == 200 else None
    return (
        answer.status_code,
        answer.headers.get("Location"),
        changelist and [row.pk for row in changelist.result_list],
        changelist and [*changelist.list_display],
        changelist and changelist.queryset.query.order_by,
    )


def differing(
    browser: Client, page: str, asked: list[tuple[str, str]], expected: Any
) -> list[tuple[str, str]]:
    """Return the first parameter that makes another list; [] if none does.

    All are asked at once, as the database joins them by AND; halves only where
    something differs.
    """
    if shown(browser, page, asked) == expected:
        return []
    if len(asked) == 1:
        return asked
    middle = len(asked) // 2
    halves = (asked[:middle], asked[middle:])
    found = (differing(browser, page, half, expected) for half in halves)
    return next((each for each in found if each), [("all of them", "together")])


MODELS = [*admin.site._registry]
