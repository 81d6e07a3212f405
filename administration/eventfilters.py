"""By what the record of events is narrowed; each uses an index, none counts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from administration.parameters import can_be_found

IPV4 = 4


class TimeFilter(admin.SimpleListFilter):
    title = _("time")
    parameter_name = "since"
    field = "at"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("midnight", _("Since midnight (UTC)")),
            ("1", _("Last 24 hours")),
            ("7", _("Last 7 days")),
            ("30", _("Last 30 days")),
            ("older", _("Older")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        now = timezone.now()
        if self.value() == "midnight":
            return queryset.filter(**{f"{self.field}__gte": midnight()})
        if self.value() == "older":
            return queryset.filter(**{f"{self.field}__lt": now - timedelta(days=30)})
        if (days := self.value()) in {"1", "7", "30"}:
            since = now - timedelta(days=int(str(days)))
            return queryset.filter(**{f"{self.field}__gte": since})
        return queryset


def midnight() -> datetime:
    """Return when the present day of the limits of codes began."""
    now = timezone.now().astimezone(UTC)
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


class TextFilter(admin.SimpleListFilter):
    """A field to type into, instead of a list of all there are."""

    template = "admin/text_filter.html"
    # Any value may be in the address, not only those that are offered.
    is_typed = True

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """Return what is left; nothing where no column can hold what was typed."""
        text = (self.value() or "").strip()
        if not text:
            return queryset
        return self.narrowed(queryset, text) if can_be_found(text) else queryset.none()

    def narrowed(self, rows: QuerySet, text: str) -> QuerySet:
        """Return the rows that this text leaves."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("", "")]  # without one it is not shown

    def choices(self, changelist: Any) -> Iterator[Any]:
        """Yield what the form has to hand on: all the other filters."""
        params = changelist.get_filters_params() | (
            {"q": changelist.query} if changelist.query else {}
        )
        params.pop(self.parameter_name, None)
        yield {
            "others": [
                (name, value)
                for name, values in params.items()
                for value in (values if isinstance(values, list) else [values])
            ]
        }


class ActorFilter(TextFilter):
    title = _("who (beginning of the name)")
    parameter_name = "by"

    def narrowed(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(actor__startswith=text)


class DomainFilter(TextFilter):
    title = _("domain")
    parameter_name = "in"

    def narrowed(self, rows: QuerySet, text: str) -> QuerySet:
        return rows.filter(domain=text.lower())


class NetworkFilter(TextFilter):
    title = _("from (address, or 198.51.100.0/24)")
    parameter_name = "network"

    def narrowed(self, rows: QuerySet, text: str) -> QuerySet:
        return _within(rows, text)


def _within(queryset: QuerySet, text: str) -> QuerySet:
    """Those from there; networks by whole octets, as both databases know addresses."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return queryset.none()
    size = 8 if network.version == IPV4 else 16
    if network.prefixlen == network.max_prefixlen:
        return queryset.filter(network_address=str(network.network_address))
    groups = network.prefixlen // size
    if network.prefixlen % size or not groups:
        return queryset.none()
    mark = "." if network.version == IPV4 else ":"
    start = mark.join(str(network.network_address).split(mark)[:groups])
    return queryset.filter(network_address__startswith=start + mark)
