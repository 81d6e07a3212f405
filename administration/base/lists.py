"""Lists whose cost does not grow with the number of rows."""

import json
import re
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IS_POPUP_VAR, ShowFacets
from django.contrib.admin.utils import label_for_field
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.paginator import Page, Paginator
from django.db.models import ForeignKey, Model, QuerySet
from django.db.models.expressions import Combinable
from django.forms import ModelChoiceField
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from accounts import addresses
from administration.base import parameters
from administration.base.display import ACTION_CHECKBOX
from administration.base.widgets import NamedAutocompleteSelect

M = TypeVar("M", bound=Model)
Context = dict[str, Any]  # of a template
Reference = ForeignKey[Any, Any]  # a field that refers to one record
# The rows of one page of a list, with attributes for their columns.
Shown = list[Any]
# Django has no public names for these types.
Fieldsets = Any
Columns = Any  # of a list
MAX_PAGES = 20
CHECKBOX = (
    '<input type="checkbox" name="{}" value="{}" class="action-select" aria-label="{}">'
)
# Django's text, and so in its catalogues.
CHOOSE_ROW = "Select this object for an action - {}"
# A column to sort by, as in the query string of a list.
SORT_COLUMN = re.compile(r"-?([0-9]{1,3})")


class MoreThan(int):
    """A count that stopped at a limit: there are more rows."""

    def __str__(self) -> str:
        return f"{int(self)}+"


class BoundedPaginator(Paginator[Model]):
    """Counts up to `MAX_PAGES`; to see other rows, one filters the list."""

    object_list: QuerySet[Model]

    @cached_property
    def count(self) -> int:
        """The number of rows, or `MoreThan` the maximum."""
        most = MAX_PAGES * self.per_page
        found = len(self._found)
        return MoreThan(most) if found > most else found

    def page(self, number: int | str) -> Page[Model]:
        """Return a page; related objects are loaded for its rows only.

        Numbers beyond the last page give the last: lists may get shorter meanwhile.
        """
        number = min(max(int(number), 1), self.num_pages)
        first = (number - 1) * self.per_page
        keys = self._found[first : first + self.per_page]
        return Page(self.object_list.filter(pk__in=keys), number, self)

    @cached_property
    def _found(self) -> list[int]:
        """The primary keys in order. One query, so that rare rows are searched once."""
        most = MAX_PAGES * self.per_page
        return list(self.object_list.values_list("pk", flat=True)[: most + 1])


@dataclass(frozen=True)
class FilterField:
    """A filter as a field of a form; `choices` is None for a text field."""

    name: str
    title: StrOrPromise
    value: str
    choices: list[tuple[str, StrOrPromise]] | None


class BoundedChangeList(ChangeList):
    """Lets the page add to the shown rows what their columns need."""

    model_admin: "BoundedAdmin[Model]"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = capfirst(str(self.opts.verbose_name_plural))
        # Django would look up the view of each row's address to add them.
        self._kept_filters, self.preserved_filters = self.preserved_filters, ""

    def url_for_result(self, result: Model) -> str:
        """Return the address of a row's page, with the filters to return to."""
        url: str = super().url_for_result(result)
        return f"{url}?{self._kept_filters}" if self._kept_filters else url

    @cached_property
    def column_labels(self) -> list[str]:
        """The name of each column, as in the head of the list; of boxes, none."""
        page: Any = self.model_admin
        labels = (label_for_field(each, self.model, page) for each in self.list_display)
        names = zip(self.list_display, labels, strict=True)
        return [
            "" if column == ACTION_CHECKBOX else capfirst(str(label))
            for column, label in names
        ]

    @cached_property
    def filter_fields(self) -> list[FilterField]:
        """The filters of this list, as fields of one form."""
        return [self._make_field(spec) for spec in self.filter_specs]

    @property
    def active_filters(self) -> int:
        """The number of filters by which the list is narrowed."""
        return sum(bool(field.value) for field in self.filter_fields)

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """What the form of the filters keeps of the query string."""
        kept = (SEARCH_VAR, ORDER_VAR, IS_POPUP_VAR)
        return [(name, str(self.params[name])) for name in kept if name in self.params]

    def _make_field(self, spec: Any) -> FilterField:
        """Return the field of a filter, whose choices set one parameter."""
        offered = parameters.OfferedValues()
        choices = [
            (choice["query_string"], choice["display"])
            for choice in spec.choices(offered)
        ]
        (name,) = offered.values
        is_typed = getattr(spec, "is_typed", False)
        return FilterField(
            name,
            spec.title,
            str(self.params.get(name, "")),
            None if is_typed else choices,
        )

    def get_ordering(
        self, request: HttpRequest, queryset: QuerySet[Model]
    ) -> list[str | Combinable]:
        """Return the requested order, by columns of `sortable_by` only.

        Django respects `sortable_by` in links only.
        """
        asked = self._sorted_by(self.params.pop(ORDER_VAR, ""))
        self.filter_params.pop(ORDER_VAR, None)
        if asked:
            self.params[ORDER_VAR] = asked
            self.filter_params[ORDER_VAR] = [asked]
        return super().get_ordering(request, queryset)

    def _sorted_by(self, asked: str) -> str:
        columns, sortable = [*self.list_display], self.sortable_by or ()
        kept: dict[int, str] = {}
        for part in asked.split("."):
            if found := SORT_COLUMN.fullmatch(part):
                number = int(found[1])
                if columns[number : number + 1] and columns[number] in sortable:
                    kept.setdefault(number, part)
        return ".".join(kept.values())

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.page_num = min(max(self.page_num, 1), self.paginator.num_pages)
        number = self.page_num if self.multi_page else 1
        shown = self.paginator.page(number).object_list
        self.result_list = list(self.model_admin.annotate_page(shown))
        self.model_admin.complete_rows(self.result_list)


class BoundedAdmin(admin.ModelAdmin[M]):
    """The base of every page: the cost of its list does not grow with the rows."""

    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 50
    show_full_result_count = False
    # Each facet would be a count.
    show_facets = ShowFacets.NEVER

    def action_checkbox(self, obj: M) -> SafeString:
        """Return what Django does, without a form widget's templates for each row."""
        label = format_html(gettext(CHOOSE_ROW), str(obj))
        return format_html(CHECKBOX, ACTION_CHECKBOX_NAME, obj.pk, label)

    def get_changelist(
        self, request: HttpRequest, **kwargs: object
    ) -> type[ChangeList]:
        return BoundedChangeList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list, narrowed only by `allowed_parameters`."""
        request.GET = parameters.allowed_parameters(self, request)
        return super().get_changelist_instance(request)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the parameters of filters only: the second check on them."""
        is_declared = lookup in parameters.declared_parameters(self, request)
        return is_declared and super().lookup_allowed(lookup, value, request)

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Allow the primary key only: no relation of the portal uses another field."""
        return to_field == self.opts.pk.name

    def changelist_view(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> HttpResponse:
        """Show the list; ignore chosen rows with invalid keys."""
        request.POST = parameters.clean_list_data(request)
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Show or save a record, reading only `allowed_form_parameters`."""
        request.GET = parameters.allowed_form_parameters(self, request)
        request.POST = parameters.clean_form_data(self, request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Context | None = None
    ) -> HttpResponse:
        """Confirm a deletion, reading only `allowed_form_parameters`."""
        request.GET = parameters.allowed_form_parameters(self, request)
        request.POST = parameters.clean_form_data(self, request)
        return super().delete_view(request, object_id, extra_context)

    def formfield_for_foreignkey(
        self, db_field: Reference, request: HttpRequest, **kwargs: object
    ) -> ModelChoiceField[Model] | None:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = NamedAutocompleteSelect(db_field, self.admin_site)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def annotate_page(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows of one page with annotations for their columns."""
        return rows

    def complete_rows(self, rows: list[M]) -> None:
        """Set attributes that the columns need, with queries for all rows at once."""

    # What was meant by the text that is searched for.
    normalise_search = staticmethod(addresses.normalise_beginning)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[M], search_term: str
    ) -> tuple[QuerySet[M], bool]:
        """Search for the typed text as a whole, as addresses are written.

        Only the beginning of a text uses an index; single words do not.
        """
        text = self.normalise_search(search_term)
        if not parameters.can_be_found(text):
            return queryset.none(), False
        quoted = json.dumps(text, ensure_ascii=False) if text else ""
        return super().get_search_results(request, queryset, quoted)
