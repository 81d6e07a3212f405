"""What can be chosen in a field that is searched (Django admin's autocomplete)."""

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
    """Suggests for the fields that are searched, and for no other relation there is.

    What it suggests are the rows of the list of these records, found by what that list
    is searched by.
    """

    admin_site: AdminSite

    def process_request(
        self, request: HttpRequest
    ) -> tuple[str, ModelAdmin[Model], Reference, str]:
        """Return what Django does, if some form asks for this field in this way.

        Raises:
            PermissionDenied: none does.
        """
        try:
            found = super().process_request(request)
        except Http404 as error:  # what it points to is not searched at all
            raise PermissionDenied from error
        if not is_searched(self.admin_site, found[2], request):
            raise PermissionDenied
        return found

    def paginate_queryset(self, queryset: Any, page_size: int) -> Any:
        """Return the page that was asked for, or the nearest there is."""
        paginator = self.get_paginator(queryset, page_size)
        page = paginator.get_page(self.request.GET.get("page"))
        return paginator, page, page.object_list, page.has_other_pages()


def is_searched(site: AdminSite, field: Reference, request: HttpRequest) -> bool:
    """Whether a form of the administration searches for what this field points to."""
    return any(
        field.name in form.get_autocomplete_fields(request)
        for form in _forms_of(site, field.model)
    )


def _forms_of(site: AdminSite, model: type[Model]) -> Iterator[BaseModelAdmin[Model]]:
    """Its own page, and the forms of it within other pages."""
    for each in filter(site.is_registered, apps.get_models()):
        page = site.get_model_admin(each)
        if each is model:
            yield page
        for inline in page.inlines:
            if inline.model is model:
                yield inline(each, site)
