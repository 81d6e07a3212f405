"""What the address of a list may say: its own filters, its search, order and page.

Django admin makes a look-up of whatever else stands there. `?key__startswith=a` tells
by the rows that are left how a value begins that no page shows, and `__regex` lets the
database work for minutes. Here the rest of the query string is as if it were not there:
the list is the same, and so are its export and what is chosen for an action.

Such a request is neither refused nor recorded. It learns nothing and changes nothing,
a bookmark of an older version makes the same one, and whoever is allowed to look at a
list could fill the record of events with them, which nobody can empty.
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
    """Whether a text that was typed may stand in a column: no longer, and no NUL.

    PostgreSQL refuses a NUL, and SQLite a pattern of more than 50,000 bytes.
    """
    return len(text) <= MAX_TEXT_LENGTH and "\0" not in text


class OfferedValues:
    """Stands for the list while a filter is asked for its links: what they would set.

    It has of a `ChangeList` what the `choices` of a filter use.
    """

    add_facets = False

    def __init__(self) -> None:
        self.values: dict[str, set[str]] = defaultdict(set)

    def get_query_string(
        self, new_params: dict[str, object] | None = None, remove: object = None
    ) -> str:
        """Note what the link would set."""
        for name, value in (new_params or {}).items():
            if value is not None:
                self.values[name].add(str(value))
        return ""


def allowed_parameters(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return of the query string what the list of this page itself leads to.

    Of the choices of a filter only those that it offers to this person; of what is
    given more than once the last.
    """
    asked = _last_values(request)
    names = [ORDER_VAR, PAGE_VAR, IS_POPUP_VAR]
    names += [SEARCH_VAR] if page.get_search_fields(request) else []
    kept = {name: asked[name] for name in names if name in asked}
    for each in page.get_list_filter(request):
        kept |= _chosen_values(make_filter(each, page, request), asked)
    return _make_query(kept | _to_field(page, request))


def allowed_form_parameters(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return of the query string what the page of one record may be told.

    That it is a window of another form, and which list one came from. Not what to fill
    in: an address must not prepare what somebody then saves.
    """
    names = (IS_POPUP_VAR, "_changelist_filters")
    asked = _last_values(request)
    kept = {name: asked[name] for name in names if name in asked}
    return _make_query(kept | _to_field(page, request))


def clean_form_data(page: ModelAdmin[M], request: HttpRequest) -> Query:
    """Return what the form sent, without a field to look records up by.

    Django admin takes it from there as well, and does not ask whether there is one.
    """
    name = request.POST.get(TO_FIELD_VAR)
    if name is None or (name and page.to_field_allowed(request, name)):
        return request.POST
    sent = request.POST.copy()
    del sent[TO_FIELD_VAR]
    return sent


def clean_list_data(request: HttpRequest) -> Query:
    """Return what the list sent, without chosen rows whose key is none."""
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
    """Return a filter of `list_filter` as if nothing were chosen in it.

    It is declared there by its class, or by the field that it is about.
    """
    if isinstance(declared, type) and issubclass(declared, ListFilter):
        return declared(request, {}, page.model, page)
    path = str(declared)
    field = get_fields_from_path(page.model, path)[-1]
    return FieldListFilter.create(field, request, {}, page.model, page, path)


def _chosen_values(made: ListFilter, asked: dict[str, str]) -> dict[str, str]:
    """What was chosen in a filter, by the names of its parameters."""
    chosen = {n: asked[n] for n in made.expected_parameters() if n and n in asked}
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
    """Return of each parameter the last value."""
    return {name: str(value) for name, value in request.GET.items()}


def _make_query(kept: dict[str, str]) -> Query:
    return QueryDict(urlencode(kept))
