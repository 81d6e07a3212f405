"""The page of a job: what it will do, its progress, and its result."""

from collections.abc import Mapping

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.events import MAX_REASON_LENGTH
from accounts.models import Department
from administration.base.lists import Context
from administration.base.scoped import ReadOnlyAdmin
from administration.bulk import actions, jobs
from administration.bulk.actions import BulkAction
from administration.models import Job
from clientpasswords.models import ClientPassword
from provisioning import operations, roles

MAX_NAMES_SHOWN = 20  # names
# The relation that `str()` of a record needs.
RELATED_TO_NAME: dict[type[Model], str] = {
    ClientPassword: "account",
    Department: "domain",
}
NUMBER_TYPED_ABOVE = 1000  # records; above, their number has to be typed
WHY_STOPPED = {
    "by-hand": _("Someone stopped it here."),
    "not-allowed": _("The person who started it is no longer allowed to do it."),
    "not-possible": _("What it needs no longer exists."),
}


class ConfirmForm(forms.Form):
    """The reason, and for very many records their number."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        help_text=_("Recorded in the audit log for each of them."),
        widget=forms.TextInput(attrs={"class": "vTextField"}),
    )
    number = forms.IntegerField(
        label=_("Number"),
        help_text=_("Type the number above to confirm."),
        widget=forms.TextInput(
            attrs={"class": "vIntegerField", "inputmode": "numeric"}
        ),
    )

    def __init__(self, job: Job, data: Mapping[str, str] | None = None) -> None:
        super().__init__(data)
        self.total = job.total
        if job.total <= NUMBER_TYPED_ABOVE:
            del self.fields["number"]

    def clean_number(self) -> int:
        number: int = self.cleaned_data["number"]
        if number != self.total:
            raise forms.ValidationError(_("This is not the number of selected items."))
        return number


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin[Job]):
    """Shows one's own jobs; those of everybody, if the scope is the whole host."""

    list_display = ["created_at", "what", "total", "ordered_by", "reason", "state"]
    fields = ["created_at", "total", "ordered_by", "reason"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).select_related("ordered_by")

    def scope(self, request: HttpRequest) -> Q:
        """Return the condition for one's own jobs, or for all on the whole host."""
        is_all = roles.sees_whole_host(request.user) and super().has_view_permission(
            request
        )
        return Q() if is_all else Q(ordered_by=request.user.pk)

    def has_view_permission(self, request: HttpRequest, obj: Job | None = None) -> bool:
        return super().has_view_permission(request) or any(
            jobs.may_order(request.user, action) for action in actions.BULK_ACTIONS
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Show the job; a POST confirms it, works off a part, or stops it."""
        job = self.get_object(request, object_id)
        if job is None or not self.has_view_permission(request):
            raise Http404
        action = actions.BY_NAME.get(job.action)
        if action is None:
            return self._page_of_unknown(request, job)
        data = request.POST if "confirm" in request.POST else None
        form = jobs.make_form(action, job.ordered_by, data)
        why = ConfirmForm(job, data)
        if request.method == "POST" and self._post(request, job, form, why):
            return redirect("admin:administration_job_change", job.pk)
        return self._page(request, job, form, why)

    @admin.display(description=_("action"))
    def what(self, job: Job) -> str:
        action = actions.BY_NAME.get(job.action)
        return str(action.title) if action else job.action

    @admin.display(description=_("state"))
    def state(self, job: Job) -> StrOrPromise:
        if job.ended_at:
            return _("stopped") if job.stopped_because else _("done")
        return _("under way") if job.confirmed_at else _("not confirmed")

    def _post(
        self, request: HttpRequest, job: Job, form: forms.Form, why: ConfirmForm
    ) -> bool:
        """Do what the button says; return False if the form has to be shown again.

        Raises:
            PermissionDenied: they may only view the job.
        """
        is_own = job.ordered_by_id == request.user.pk
        if not is_own and not roles.is_operator(request.user):
            raise PermissionDenied
        if "stop" in request.POST:
            jobs.stop_job(job, "by-hand")
            return True
        if not is_own:
            messages.error(request, _("Only the person who started it can do this."))
            return True
        if "work" in request.POST:
            jobs.work_next_part(job)
            return True
        if job.confirmed_at is None and not (form.is_valid() & why.is_valid()):
            return False
        if job.confirmed_at is None and jobs.confirm_job(
            job, _typed_values(form), why.cleaned_data["reason"]
        ):
            _start_small_job(job)
        return True

    def _page_of_unknown(self, request: HttpRequest, job: Job) -> HttpResponse:
        """Show a job whose action exists only in an older version.

        It cannot be confirmed. Any POST stops it, as the worker would.
        """
        if request.method == "POST":
            if job.ordered_by_id != request.user.pk:
                raise PermissionDenied
            jobs.stop_job(job, "not-possible")
        counts = job.counts() if job.confirmed_at else {}
        context = {
            **self.admin_site.each_context(request),
            "title": job.action,
            "opts": self.opts,
            "job": job,
            "counts": counts,
            "done": sum(counts.values()),
            "why_stopped": WHY_STOPPED.get(job.stopped_because, ""),
            "failures": _failed_names(job) if counts.get("failed") else [],
            "list": reverse("admin:administration_job_changelist"),
        }
        return TemplateResponse(
            request, "admin/administration/job/unknown.html", context
        )

    def _page(
        self, request: HttpRequest, job: Job, form: forms.Form, why: ConfirmForm
    ) -> HttpResponse:
        action = actions.BY_NAME[job.action]
        counts = job.counts() if job.confirmed_at else {}
        context = {
            **self.admin_site.each_context(request),
            "title": action.title,
            "opts": self.opts,
            "job": job,
            "action": action,
            "names": [] if job.confirmed_at else _first_names(job, action),
            "more": max(job.total - MAX_NAMES_SHOWN, 0),
            "tokens": 0 if job.confirmed_at else _count_ended_tokens(job, action),
            "counts": counts,
            "done": sum(counts.values()),
            "why_stopped": WHY_STOPPED.get(job.stopped_because, ""),
            "failures": _failed_names(job) if counts.get("failed") else [],
            "form": form,
            "why": why,
            "media": self.media + form.media,
            "list": _list_url(action),
        }
        status = 422 if form.errors or why.errors else 200
        return TemplateResponse(
            request, "admin/administration/job/page.html", context, status=status
        )


def _first_names(job: Job, action: BulkAction) -> list[str]:
    first = job.parts.order_by("number").first()
    rows = jobs.visible_records(job.ordered_by, action)
    if action.model in RELATED_TO_NAME:
        rows = rows.select_related(RELATED_TO_NAME[action.model])
    found = rows.filter(pk__in=first.pks[:MAX_NAMES_SHOWN] if first else [])
    return [_name_with_owner(row) for row in found]


def _count_ended_tokens(job: Job, action: BulkAction) -> int:
    """Return how many API tokens end if these mailboxes are off-boarded."""
    if action.name != "off_board":
        return 0
    parts = job.parts.values_list("pks", flat=True)
    return operations.count_revocable_tokens(
        lambda: {pk for pks in parts for pk in pks}
    )


def _name_with_owner(row: Model) -> str:
    """Return the name with its owner: many devices have the same name."""
    owner = roles.owner_of(row)
    return str(row) if owner in (None, row) else f"{row} ({owner})"


def _list_url(action: BulkAction) -> str:
    opts = admin.site.get_model_admin(action.model).opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def _start_small_job(job: Job) -> None:
    """Work off a job of one part now; the worker does larger ones."""
    if job.total <= jobs.PART_SIZE:
        while jobs.work_next_part(job):
            pass


def _typed_values(form: forms.Form) -> dict[str, str]:
    """Return what was typed, so that it can be validated again before each part."""
    names = [name + part for name in form.fields for part in ("", "_0", "_1")]
    return {name: form.data[name] for name in names if form.data.get(name)}


def _failed_names(job: Job) -> list[str]:
    parts = job.parts.filter(failed__gt=0).order_by("number")[:MAX_NAMES_SHOWN]
    return [name for part in parts for name in part.failures][:MAX_NAMES_SHOWN]
