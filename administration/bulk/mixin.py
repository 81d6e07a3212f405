"""Bulk actions in the lists of those records that have some."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.http import client_address
from administration.bulk import actions, jobs
from administration.bulk.actions import Action


class BulkActionsMixin(admin.ModelAdmin):
    """Offers in the list what can be done to many of its records."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add the actions on many of this record, those that the person may order."""
        own = {
            action.name: (_choosing(action), action.name, action.title)
            for action in actions.ALL
            if action.model is self.model and jobs.may(request.user, action)
        }
        return super().get_actions(request) | own


def _choosing(action: Action) -> Any:
    """Return what Django admin calls with the chosen rows: on to the page that asks."""

    def choose(page: Any, request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
        if not jobs.may(request.user, action):
            raise PermissionDenied
        pks = rows.order_by("pk").values_list("pk", flat=True)
        job = jobs.choose(action, pks, request.user, client_address(request))
        return redirect("admin:administration_job_change", job.pk)

    return choose
