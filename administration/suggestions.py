"""Suggestions for fields with search (autocomplete of Django admin)."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.options import BaseModelAdmin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest

from administration.base.lists import Reference


class SuggestionsView(AutocompleteJsonView):
    """Suggests records for fields with search, and for no other relation.

    It returns rows of the list of these records, found by the search of that list.
    """

    admin_site: AdminSite

    def process_request(
        self, request: HttpRequest
    ) -> tuple[str, ModelAdmin[Model], Reference, str]:
        """Return the result of Django, if a form has this field with search.

        Raises:
            PermissionDenied: no form does.
        """
        try:
            found = super().process_request(request)
        except Http404 as error:  # its target has no search
            raise PermissionDenied from error
        if not is_searched(self.admin_site, found[2], request):
            raise PermissionDenied
        return found

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        """Return the requested page, or the nearest one."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()


def is_searched(site: AdminSite, field: Reference, request: HttpRequest) -> bool:
    """Whether a form of the administration has this field with search."""
    return any(
        field.name in form.get_autocomplete_fields(request)
        for form in _forms_of(site, field.model)
    )


def _forms_of(site: AdminSite, model: type[Model]) -> Iterator[BaseModelAdmin[Model]]:
    """Yield the page of the model, and its inline forms in other pages."""
    for each in filter(site.is_registered, apps.get_models()):
        page = site.get_model_admin(each)
        if each is model:
            yield page
        for inline in page.inlines:
            if inline.model is model:
                yield inline(each, site)
