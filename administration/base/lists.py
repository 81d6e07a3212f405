"""Lists that stay fast, however many rows there are."""

import json
import re
from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import display_for_value
from django.contrib.admin.views.main import ORDER_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from administration.base import parameters
from administration.base.widgets import NamedAutocompleteSelect

MOST_PAGES = 20
# A column to sort by, as the address of a list names it.
COLUMN = re.compile(r"-?([0-9]{1,3})")


@cache
def icon(*, yes: bool) -> str:
    """Return Django admin's sign for yes or no; a list of rows has many of them."""
    return display_for_value(yes, "", boolean=True)


class MoreThan(int):
    """A count that was broken off: there are more."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class BoundedPaginator(Paginator):
    """Counts no further than `MOST_PAGES`; whoever needs more narrows the list."""

    object_list: QuerySet[Any]

    @cached_property
    def count(self) -> int:
        """How many rows there are, or that there are `MoreThan` so many."""
        most = MOST_PAGES * self.per_page
        found = len(self._found)
        return MoreThan(most) if found > most else found

    def page(self, number: int | str) -> Page:
        """Return a page; what comes with its rows is looked up for these alone.

        Beyond the last it is the last: while one reads, a list gets shorter.
        """
        number = min(max(int(number), 1), self.num_pages)
        first = (number - 1) * self.per_page
        keys = self._found[first : first + self.per_page]
        return Page(self.object_list.filter(pk__in=keys), number, self)

    @cached_property
    def _found(self) -> list[int]:
        """The keys in order. One query, so that rare rows are looked for once only."""
        most = MOST_PAGES * self.per_page
        return list(self.object_list.values_list("pk", flat=True)[: most + 1])


class BoundedChangeList(ChangeList):
    """Lets the page give the rows that are shown what their columns need besides."""

    def get_ordering(self, request: HttpRequest, queryset: QuerySet) -> list[Any]:
        """Return the order that was asked for, by columns that may be sorted.

        Django asks `sortable_by` for the links alone.
        """
        asked = self._sorted_by(self.params.pop(ORDER_VAR, ""))
        self.filter_params.pop(ORDER_VAR, None)
        if asked:
            self.params[ORDER_VAR] = asked
            self.filter_params[ORDER_VAR] = [asked]
        ordering: list[Any] = super().get_ordering(request, queryset)
        return ordering

    def _sorted_by(self, asked: str) -> str:
        columns, sortable = [*self.list_display], self.sortable_by or ()
        kept: dict[int, str] = {}
        for part in asked.split("."):
            if found := COLUMN.fullmatch(part):
                number = int(found[1])
                if columns[number : number + 1] and columns[number] in sortable:
                    kept.setdefault(number, part)
        return ".".join(kept.values())

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.page_num = min(max(self.page_num, 1), self.paginator.num_pages)
        number = self.page_num if self.multi_page else 1
        page: Any = self.model_admin
        self.result_list = list(page.widened(self.paginator.page(number).object_list))
        page.complete(self.result_list)


class BoundedAdmin(admin.ModelAdmin):
    """The base of every page: lists ask as much for a million rows as for fifty."""

    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    # Each would be a count.
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        return BoundedChangeList

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list; nobody sees more of its address than is `known`."""
        request.GET = parameters.known(self, request)
        return super().get_changelist_instance(request)

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        """Allow none but the filters': the second wall, behind `parameters.known`."""
        if request is None or lookup not in parameters.declared(self, request):
            return False
        allowed: bool = super().lookup_allowed(lookup, value, request)
        return allowed

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow the primary key: nothing in the portal is referred to by another."""
        return to_field == self.opts.pk.name

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the list; of rows chosen in it those count that can be there."""
        request.POST = parameters.fit_for_list(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show or save a record; its address says no more than `known_to_form`."""
        request.GET = parameters.known_to_form(self, request)
        request.POST = parameters.fit_for_form(self, request)
        return super().changeform_view(request, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask whether to delete a record; its address is read as that of its page."""
        request.GET = parameters.known_to_form(self, request)
        request.POST = parameters.fit_for_form(self, request)
        return super().delete_view(request, *args, **kwargs)

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = NamedAutocompleteSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def widened(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of one page with what their own query can find besides."""
        return rows

    def complete(self, rows: list[Any]) -> None:
        """Give the rows of one page what their columns need, a query for all."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Look for what was typed as a whole, as addresses are written: in lower case.

        Only a beginning of a text is in an index; its single words are not.
        """
        text = search_term.strip().lower()
        if not parameters.can_be_found(text):
            return queryset.none(), False
        quoted = json.dumps(text, ensure_ascii=False) if text else ""
        return super().get_search_results(request, queryset, quoted)
