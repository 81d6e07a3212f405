"""Filters that several pages share."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
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
    """Return the start of the present day in UTC, by which codes are limited."""
    now = timezone.now().astimezone(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


class TextFilter(admin.SimpleListFilter):
    """A text field in place of a list of all values."""

    # Any value may be in the query string, not only the offered ones.
    is_typed = True

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        """Return the matching rows; none, if no column can hold the typed text."""
        text = (self.value() or "").strip()
        if not text:
            return queryset
        return (
            self.filter_by_text(queryset, text)
            if can_be_found(text)
            else queryset.none()
        )

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        """Return the rows that match the text."""
        raise NotImplementedError

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Model]
    ) -> list[tuple[str, str]]:
        return [("", "")]  # without a choice the filter is not shown


# Returns the rows that match a choice.
FilterRows = Callable[[Any], QuerySet[Any]]


class ChoiceFilter(admin.SimpleListFilter):
    """A filter whose choices are a value, a text and a function on the rows."""

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
        return rows.filter(**{self.path: text})


class OwnDomainFilter(MailboxDomainFilter):
    """The domain of the mailbox that a record belongs to."""

    path = "account__domain__name"


class CreatedFilter(TimeFilter):
    title = _("created")
    parameter_name = "created"
    field = "created_at"


class LastUsedFilter(TimeFilter):
    title = _("last used")
    parameter_name = "used"
    field = "last_used_at"
