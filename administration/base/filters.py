"""Filters that the lists of several pages have."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from administration.base.parameters import can_be_found

Rows = QuerySet[Model]


class TimeFilter(admin.SimpleListFilter):
    title = _("time")
    parameter_name = "since"
    field = "at"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> list[tuple[str, StrOrPromise]]:
        return [
            ("midnight", _("Since midnight (UTC)")),
            ("1", _("Last 24 hours")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("older", _("Older")),
        ]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        now = timezone.now()
        if self.value() == "midnight":
            return queryset.filter(**{f"{self.field}__gte": start_of_day()})
        if self.value() == "older":
            return queryset.filter(**{f"{self.field}__lt": now - timedelta(days=30)})
        if (days := self.value()) in {"1", "7", "30"}:
            since = now - timedelta(days=int(str(days)))
            return queryset.filter(**{f"{self.field}__gte": since})
        return queryset


def start_of_day() -> datetime:
    """Return when the present day of the limits of codes began."""
    now = timezone.now().astimezone(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


class TextFilter(admin.SimpleListFilter):
    """A field to type into, instead of a list of all there are."""

    template = "admin/text_filter.html"
    # Whatever was typed may be in the address, not only those that are offered.
    is_typed = True

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return what is left; nothing where no column can hold what was typed."""
        text = (self.value() or "").strip()
        if not text:
            return queryset
        return (
            self.filter_by_text(queryset, text)
            if can_be_found(text)
            else queryset.none()
        )

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        """Return the rows that this text leaves."""
        raise NotImplementedError

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> list[tuple[str, str]]:
        return [("", "")]  # without one it is not shown

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield what the form has to hand on: all the other filters."""
        params = changelist.get_filters_params() | (
            {"q": changelist.query} if changelist.query else {}
        )
        params.pop(self.parameter_name or "", None)
        yield {
            "others": [
                (name, value)
                for name, values in params.items()
                for value in (values if isinstance(values, list) else [values])
            ]
        }


# What a choice leaves of the rows of one kind of record, or of several.
FilterRows = Callable[[Any], QuerySet[Any]]


class ChoiceFilter(admin.SimpleListFilter):
    """Each choice is a word of the address, a text, and what it leaves of the rows."""

    options: list[tuple[str, StrOrPromise, FilterRows]]

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> list[tuple[str, StrOrPromise]]:
        return [(word, text) for word, text, _narrow in self.options]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        for word, _text, narrow in self.options:
            if word == self.value():
                return narrow(queryset)
        return queryset


class MailboxDomainFilter(TextFilter):
    title = _("domain")
    parameter_name = "in"
    path = "domain__name"

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        return rows.filter(**{self.path: text.lower()})


class OwnDomainFilter(MailboxDomainFilter):
    """Of the mailbox that a record belongs to."""

    path = "account__domain__name"


class CreatedFilter(TimeFilter):
    title = _("created")
    parameter_name = "created"
    field = "created_at"


class LastUsedFilter(TimeFilter):
    title = _("last used")
    parameter_name = "used"
    field = "last_used_at"
