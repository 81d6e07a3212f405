"""Allowed parameters of the query string of a list: filters, search, order and page.

Django admin turns any other parameter into a lookup. With `?key__startswith=a` the
remaining rows reveal how a hidden value begins, and `__regex` keeps the database busy
for minutes. This module drops all other parameters: they change neither the list nor
its export nor the rows chosen for an action.

Such requests are neither refused nor recorded. They reveal and change nothing, and
bookmarks of older versions make them. If they were recorded, anybody who sees a list
could fill the audit log, which nobody can empty.
"""

from collections import defaultdict
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from django.contrib.admin.filters import FieldListFilter, ListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, TO_FIELD_VAR, ModelAdmin
from django.contrib.admin.utils import get_fields_from_path
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR, ChangeList
from django.db.models import Model
from django.http import HttpRequest, QueryDict

from administration.base.widgets import PRIMARY_KEY

Query = Any  # Django's type of GET and POST has no public name
M = TypeVar("M", bound=Model)
# The longest text in a column that is searched is an address, of 254 characters.
MAX_TEXT_LENGTH = 300


def can_be_found(text: str) -> bool:
    """Whether a column may contain the text: it is short enough, and has no NUL.

    PostgreSQL refuses a NUL, and SQLite a pattern of more than 50,000 bytes.
    """
    return len(text) <= MAX_TEXT_LENGTH and "\0" not in text


class OfferedValues:
    """A stand-in for `ChangeList` that collects the values which a filter offers.

    It has the attributes that `choices` of a filter uses.
    """

    add_facets = False

    def __init__(self) -> None:
        self.values: dict[str, set[str]] = defaultdict(set)

    def get_query_string(
        self, new_params: dict[str, object] | None = None, remove: object = None
    ) -> str:
        """Collect the values of the link, and return the last one."""
        last = ""
        for name, value in (new_params or {}).items():
            if value is not None:
                last = str(value)
                self.values[name].add(last)
        return last


def allowed_parameters(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return the parameters of the query string that the list itself links to.

    A filter keeps only the values that it offers to this person. The last value of a
    repeated parameter counts.
    """
    asked = _last_values(request)
    names = [ORDER_VAR, PAGE_VAR, IS_POPUP_VAR]
    names += [SEARCH_VAR] if page.get_search_fields(request) else []
    kept = {name: asked[name] for name in names if name in asked}
    for each in page.get_list_filter(request):
        kept |= _chosen_values(make_filter(each, page, request), asked)
    return _make_query(kept | _to_field(page, request))


def allowed_form_parameters(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return the parameters that the page of one record uses.

    They say whether it is a pop-up of another form, and which list it was opened from.
    Initial values are not among them: a link must not prepare what somebody saves.
    """
    names = (IS_POPUP_VAR, "_changelist_filters")
    asked = _last_values(request)
    kept = {name: asked[name] for name in names if name in asked}
    return _make_query(kept | _to_field(page, request))


def clean_form_data(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return the posted data without an invalid `to_field`.

    Django admin uses it from there as well, and does not check that it exists.
    """
    name = request.POST.get(TO_FIELD_VAR)
    if name is None or (name and page.to_field_allowed(request, name)):
        return request.POST
    sent = request.POST.copy()
    del sent[TO_FIELD_VAR]
    return sent


def clean_list_data(request: HttpRequest) -> Query:
    """Return the posted data of a list without rows that have invalid keys."""
    chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
    fit = [each for each in chosen if PRIMARY_KEY.fullmatch(each)]
    if fit == chosen:
        return request.POST
    sent = request.POST.copy()
    sent.setlist(ACTION_CHECKBOX_NAME, fit)
    return sent


def declared_parameters(page: ModelAdmin[M], request: HttpRequest) -> set[str]:
    """Return the parameters of the filters of this page's list."""
    filters = [
        make_filter(each, page, request) for each in page.get_list_filter(request)
    ]
    return {name for each in filters for name in each.expected_parameters() if name}


def make_filter(
    declared: object, page: ModelAdmin[M], request: HttpRequest
) -> ListFilter:
    """Return an instance of an entry of `list_filter`, with nothing chosen.

    The entry is a class or the path of a field.
    """
    if isinstance(declared, type) and issubclass(declared, ListFilter):
        return declared(request, {}, page.model, page)
    path = str(declared)
    field = get_fields_from_path(page.model, path)[-1]
    return FieldListFilter.create(field, request, {}, page.model, page, path)


def _chosen_values(made: ListFilter, asked: dict[str, str]) -> dict[str, str]:
    """Return the chosen values of a filter, by parameter; empty ones choose nothing."""
    chosen = {n: asked[n] for n in made.expected_parameters() if n and asked.get(n)}
    if not chosen or getattr(made, "is_typed", False):
        return chosen
    offers = OfferedValues()
    list(made.choices(cast("ChangeList", offers)))
    return {n: value for n, value in chosen.items() if value in offers.values[n]}


def _to_field(page: ModelAdmin[M], request: HttpRequest) -> dict[str, str]:
    name = _last_values(request).get(TO_FIELD_VAR)
    if name and page.to_field_allowed(request, name):
        return {TO_FIELD_VAR: name}
    return {}


def _last_values(request: HttpRequest) -> dict[str, str]:
    """Return the last value of each parameter."""
    return {name: str(value) for name, value in request.GET.items()}


def _make_query(kept: dict[str, str]) -> Query:
    return QueryDict(urlencode(kept))
