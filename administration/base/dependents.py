"""List the dependents of a record, deleted together with it: 20 of a kind at most."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import NestedObjects, model_format_dict, quote
from django.db import DEFAULT_DB_ALIAS
from django.db.models import CASCADE, Model, QuerySet, Value
from django.db.models.deletion import Collector
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import capfirst

from accounts.models import Account, Department
from administration.base.lists import MoreThan
from administration.base.widgets import Column

M = TypeVar("M", bound=Model)
MAX_SHOWN = 20  # of a kind
# The relations that `str()` of a record needs.
SELECT_RELATED: dict[type[Model], list[str]] = {Department: ["domain"]}


class DependentsCollector(NestedObjects):
    """Collects at most `MAX_SHOWN` + 1 objects of each kind.

    It leaves out rows without a page that no other rows depend on, such as memberships
    of groups and figures of domains. Objects of a mailbox are of so many kinds that
    they are counted instead, see `MailboxDependents`.
    """

    def __init__(self, records: Iterable[Model], site: AdminSite) -> None:
        super().__init__(using=DEFAULT_DB_ALIAS, origin=records)
        self.site = site

    def related_objects(
        self,
        related_model: Any,
        related_fields: Iterable[Column],
        objs: Any,
    ) -> QuerySet[Model]:
        rows = super().related_objects(related_model, related_fields, objs)
        has_page = self.site.is_registered(related_model)
        by = next(iter(related_fields))
        if _cascades_from_mailbox(by):
            return rows.none()
        if not has_page and Collector.can_fast_delete(self, related_model, by):
            return rows.none()
        if related_model in SELECT_RELATED:
            rows = rows.select_related(*SELECT_RELATED[related_model])
        return rows[: MAX_SHOWN + 1]

    def nested(self, format_callback: Any = None) -> list[Any]:
        """Return the nested list, with the first `MAX_SHOWN` objects of each kind."""
        kept: Counter[type[Model]] = Counter()
        for parent, records in self.edges.items():
            if parent is not None:
                records[:] = _first_of_each_kind(records, kept)
        return super().nested(format_callback)


class RecordFormatter:
    """Formats records, and collects the kinds that the person may not delete."""

    def __init__(self, request: HttpRequest, site: AdminSite) -> None:
        self.request = request
        self.site = site
        self.refused: set[str] = set()

    def __call__(self, record: Model) -> str:
        name = model_format_dict(record)["verbose_name"]
        if not self.site.is_registered(type(record)):
            return f"{capfirst(name)}: {record}"
        page = self.site.get_model_admin(type(record))
        if not page.has_delete_permission(self.request, record):
            self.refused.add(name)
        view = f"{page.opts.app_label}_{page.opts.model_name}_change"
        link = reverse(f"{self.site.name}:{view}", args=[quote(record.pk)])
        return format_html('{}: <a href="{}">{}</a>', capfirst(name), link, record)


class MailboxDependents:
    """Counts the objects of a mailbox, by kind, for kinds that have a page."""

    def __init__(self, account: Account, site: AdminSite) -> None:
        relations = site.get_model_admin(Account).opts.related_objects
        fields = [
            each.field for each in relations if _cascades_from_mailbox(each.field)
        ]
        self.site = site
        self.account = account
        self._fields = [each for each in fields if site.is_registered(each.model)]
        self.numbers = self._count()

    def describe_counts(self) -> list[str]:
        return [
            f"{capfirst(_plural(field.model))}: {_cap_count(number)}"
            for field, number in self.numbers.items()
        ]

    def find_refused_kinds(self, request: HttpRequest) -> set[str]:
        """Return the kinds that the person may not delete.

        Records that nobody deletes by hand, such as logs, go with their mailbox.
        """
        pages = {f: self.site.get_model_admin(f.model) for f in self.numbers}
        return {
            str(page.opts.verbose_name)
            for field, page in pages.items()
            if not getattr(page, "goes_with_mailbox", False)
            and not page.has_delete_permission(
                request, field.model(**{field.name: self.account})
            )
        }

    def _count(self) -> dict[Column, int]:
        """Count at most `MAX_SHOWN` + 1 of each kind, in one query."""
        several: list[QuerySet[Any, tuple[int]]] = [
            QuerySet(field.model)
            .filter(pk__in=self._first(field))
            .order_by()
            .values_list(Value(number))
            for number, field in enumerate(self._fields)
        ]
        rows = several[0].union(*several[1:], all=True)
        found = Counter(number for (number,) in rows)
        return {
            field: found[number]
            for number, field in enumerate(self._fields)
            if found[number]
        }

    def _first(self, field: Column) -> QuerySet[Model, dict[str, object]]:
        rows: QuerySet[Model] = QuerySet(field.model)
        own = rows.filter(**{field.name: self.account.pk}).order_by()
        return own.values("pk")[: MAX_SHOWN + 1]


def collect_dependents(
    records: Sequence[M] | QuerySet[M], request: HttpRequest, site: AdminSite
) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
    """Return what `ModelAdmin.get_deleted_objects` returns, limited to `MAX_SHOWN`.

    The number of queries does not grow with the number of rows.
    """
    found = DependentsCollector(records, site)
    found.collect(records)
    tell = RecordFormatter(request, site)
    nested = found.nested(tell)
    protected = [
        tell(record) for record in _first_of_each_kind(sorted(found.protected, key=str))
    ]
    held = Counter(type(record) for record in found.protected)
    by_model: Any = found.model_objs  # the stubs have strings as its keys
    deleted = {model: len(rows) for model, rows in by_model.items()}
    shown = [*nested, *_and_more(deleted.values())]
    for account in (row for row in records if isinstance(row, Account)):
        own = MailboxDependents(account, site)
        shown.append(own.describe_counts())
        tell.refused |= own.find_refused_kinds(request)
        deleted |= {field.model: number for field, number in own.numbers.items()}
    counts = {_plural(model): _cap_count(number) for model, number in deleted.items()}
    return (
        shown,
        counts,
        tell.refused,
        [*protected, *_and_more(held.values())],
    )


def _cascades_from_mailbox(field: Column) -> bool:
    """Whether the field points to a mailbox and cascades with it."""
    to = field.remote_field
    return to is not None and to.model is Account and to.on_delete is CASCADE


def _plural(model: type[Model]) -> str:
    return str(model_format_dict(model)["verbose_name_plural"])


def _cap_count(number: int) -> int:
    return MoreThan(MAX_SHOWN) if number > MAX_SHOWN else number


def _first_of_each_kind(
    records: Iterable[Model], kept: Counter[type[Model]] | None = None
) -> list[Model]:
    """Return the first `MAX_SHOWN` of each kind; `kept` counts those before."""
    kept = Counter() if kept is None else kept
    found = []
    for record in records:
        kept[type(record)] += 1
        if kept[type(record)] <= MAX_SHOWN:
            found.append(record)
    return found


def _and_more(numbers: Iterable[int]) -> list[str]:
    return ["…"] if any(number > MAX_SHOWN for number in numbers) else []
