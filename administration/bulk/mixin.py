"""Adds the bulk actions to the lists of records."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.http import client_address
from accounts.models import Account
from administration.bulk import actions, jobs
from administration.bulk.actions import BulkAction

M = TypeVar("M", bound=Model)
# The function that Django admin calls with the chosen rows.
Chosen = Callable[..., HttpResponse]


class BulkActionsMixin(admin.ModelAdmin[M]):
    """Offers the bulk actions of its model in the list."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Add the bulk actions of this model that the person may order."""
        own = {
            action.name: (_make_action_view(action), action.name, action.title)
            for action in actions.BULK_ACTIONS
            if action.model is self.model and jobs.may_order(request.user, action)
        }
        return super().get_actions(request) | own


def _make_action_view(action: BulkAction) -> Chosen:
    """Return a function that creates a job for the chosen rows and shows it."""

    def choose(
        page: object, request: HttpRequest, rows: QuerySet[Model]
    ) -> HttpResponse:
        author = request.user
        if not isinstance(author, Account) or not jobs.may_order(author, action):
            raise PermissionDenied
        pks = rows.order_by("pk").values_list("pk", flat=True)
        job = jobs.create_job(action, pks, author, client_address(request))
        return redirect("admin:administration_job_change", job.pk)

    return choose
