"""Confirm a change of policy, after a preview of the affected mailboxes."""

from typing import TypeVar

from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import Account
from administration.base import audit
from administration.base.audited import AuditedAdmin
from administration.base.consequences import PAGE, SHOW, describe_consequences
from administration.base.lists import Context
from clientpasswords.consequences import PolicyChange, measure_consequences

M = TypeVar("M", bound=Model)
CONFIRMED = "_confirmed"


class PreviewedAdmin(AuditedAdmin[M]):
    """The base of pages whose records bind many mailboxes."""

    def affected_accounts(self, record: M, changed: list[str]) -> QuerySet[Account]:
        """Return the mailboxes whose mail programs a change of these fields may refuse.

        `record` is as it is stored.
        """
        raise NotImplementedError

    def differences(self, old: M, form: ModelForm[M]) -> list[tuple[str, str, str]]:
        """Return label, old value and new value of what changes."""
        raise NotImplementedError

    def policy_change(self, old: M, form: ModelForm[M]) -> PolicyChange:
        """Return which policy binds the affected mailboxes afterwards."""
        raise NotImplementedError

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Save the record after the preview was confirmed."""
        if request.method == "POST" and CONFIRMED not in request.POST:
            preview = self._preview(request, object_id)
            if preview is not None:
                return preview
        return super().change_view(request, object_id, form_url, extra_context)

    def _preview(self, request: HttpRequest, object_id: str) -> HttpResponse | None:
        """Return the preview, if the form is valid and affects mailboxes."""
        record = self.get_object(request, unquote(object_id))
        if record is None or not self.has_change_permission(request, record):
            return None
        form = self.get_form(request, record, change=True)(
            request.POST, instance=self.get_object(request, unquote(object_id))
        )
        changed = [name for name in form.changed_data if name not in audit.OWN_FIELDS]
        if not form.is_valid():
            return None
        touched = self.affected_accounts(record, changed)
        if not touched.exists():
            return None
        seen = self.visible_among(request, touched)
        found = measure_consequences(seen, self.policy_change(record, form))
        more = {
            "typed": typed_values(request),
            "differences": self.differences(record, form),
            **describe_consequences(found, request.POST),
        }
        return self.page(request, "confirm", record, **more)

    def visible_among(
        self, request: HttpRequest, rows: QuerySet[Account]
    ) -> QuerySet[Account]:
        """Return the mailboxes in the scope of the administrator."""
        visible = self.admin_site.get_model_admin(Account).get_queryset(request)
        if not visible.query.where:  # that is all of them
            return rows
        return rows.filter(pk__in=visible.order_by().values("pk"))

    def page(
        self,
        request: HttpRequest,
        name: str,
        record: M,
        **more: object,
    ) -> HttpResponse:
        """Return a page about the affected mailboxes that the administrator may see."""
        context = {
            **self.admin_site.each_context(request),
            "title": str(record),
            "opts": self.opts,
            "original": record,
            **more,
        }
        template = f"admin/accounts/policy/{name}.html"
        return TemplateResponse(request, template, context)


def typed_values(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the posted values, for the page that posts them again."""
    return [
        (name, value)
        for name in request.POST
        if name not in {"csrfmiddlewaretoken", SHOW, PAGE}
        for value in request.POST.getlist(name)
    ]
