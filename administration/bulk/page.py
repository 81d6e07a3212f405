"""The page of a job: what it will do, its progress, and its result."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.events import MAX_REASON_LENGTH
from accounts.models import Account, Department, Domain
from accounts.moments import moment
from accounts.policy import queries
from administration.base.consequences import describe_consequences
from administration.base.lists import Context
from administration.base.scoped import ReadOnlyAdmin
from administration.bulk import actions, jobs
from administration.bulk.actions import BulkAction
from administration.models import Job
from clientpasswords.consequences import PolicyChange, measure_consequences
from clientpasswords.models import ClientPassword
from provisioning import operations, roles

MAX_NAMES_SHOWN = 20  # names
# The parameter that asks what the action would do with what was chosen.
PREVIEW = "preview"
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
        if job.ordered_by_id == request.user.pk:  # whose rights are known already
            job.ordered_by = request.user
        data = request.POST if "confirm" in request.POST else None
        chosen = request.GET if PREVIEW in request.GET else None
        form = jobs.make_form(action, job.ordered_by, data or chosen)
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
            job,
            _typed_values(form),
            why.cleaned_data["reason"],
            chosen=_describe_values(form),
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
            "failures": _first_failures(job) if counts.get("failed") else [],
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
            **({} if job.confirmed_at else _preview(job, action, form, request.GET)),
            "counts": counts,
            "result": action.result % {"count": counts.get("changed", 0)},
            "done": sum(counts.values()),
            "why_stopped": WHY_STOPPED.get(job.stopped_because, ""),
            "failures": _first_failures(job) if counts.get("failed") else [],
            "form": form,
            "why": why,
            "media": self.media + form.media,
            "list": _list_url(action),
        }
        status = 422 if form.errors or why.errors else 200
        return TemplateResponse(
            request, "admin/administration/job/page.html", context, status=status
        )


def _preview(
    job: Job, action: BulkAction, form: forms.Form, asked: Mapping[str, str]
) -> Context:
    """Return what the page says before the job is confirmed: to whom it will happen.

    Where it is to be chosen first what the action does, the page names those to whom
    it happens before that, and afterwards those who lose something by it.
    """
    selected = job.selected_pks
    chosen = form.is_bound and form.is_valid()
    is_second = action.asks_first and chosen
    named = [] if is_second else selected[:MAX_NAMES_SHOWN]
    among = set(selected)
    rows, skipped = jobs.load_named(job.ordered_by, action, among, named)
    among -= skipped.keys
    number = job.total - len(skipped.keys)
    passwords = (
        operations.count_client_passwords(among) if action.deletes_passwords else None
    )
    context = {
        "selected": actions.SELECTED[action.model] % {"count": job.total},
        "rows": [_name_with_page(row) for row in rows],
        "more": 0 if is_second else max(job.total - MAX_NAMES_SHOWN, 0),
        "skipped": skipped,
        "number": number,
        "order": action.describe_order(number, passwords or 0),
        "passwords": passwords,
        "is_needless": number and passwords == 0 and action.name == "revoke_all",
        "tokens": _count_ended_tokens(action, selected),
        "is_first": action.asks_first and not chosen,
        "is_second": is_second,
        "typed": _typed_fields(form) if is_second else [],
        "choices": _describe_choices(form) if is_second else [],
    }
    if action.change is not None and (chosen or not action.asks_first):
        change = action.change(form.cleaned_data if chosen else {})
        found = measure_consequences(*_affected(job, action, change, among))
        context |= describe_consequences(found, asked)
        context |= {"consequences": True, "only_in": _only_domain(change)}
    return context


def _affected(
    job: Job, action: BulkAction, change: PolicyChange, selected: set[int]
) -> tuple[QuerySet[Account], PolicyChange, set[int] | None]:
    """Return the visible mailboxes that the change reaches, and among which ones."""
    rows, among = roles.visible(job.ordered_by, Account), None
    if action.model is Domain:
        rows &= queries.accounts_bound_by_domains(selected)
    elif action.model is Department:
        rows &= queries.accounts_bound_by_departments(selected)
    else:
        among = selected
        if change.inherited is not None:  # without an exception nothing changes
            rows = rows.filter(queries.has_exception())
    if change.policy is not None and change.policy.domain_id is not None:
        rows = rows.filter(domain=change.policy.domain_id)
    return rows, change, among


def _only_domain(change: PolicyChange) -> Domain | None:
    """Return the domain of the policy; mailboxes of others keep theirs."""
    return change.policy.domain if change.policy is not None else None


def _describe_choices(form: forms.Form) -> list[tuple[StrOrPromise, object]]:
    """Return the label of each field that was filled in, and its value in words."""
    found: list[tuple[StrOrPromise, object]] = []
    for field in form:
        value = form.cleaned_data[field.name]
        nothing = getattr(field.field.widget, "nothing", "")
        if isinstance(value, datetime):
            value = moment(value)
        elif isinstance(field.field, forms.ChoiceField) and not isinstance(
            field.field, forms.ModelChoiceField
        ):
            labels: Any = field.field.choices
            value = dict(labels)[value] if value else ""
        if value or nothing:
            found.append((field.label, value or nothing))
    return found


def _name_with_page(row: Model) -> tuple[str, str]:
    """Return the name with its owner, as many devices have the same name; its page."""
    owner = roles.owner_of(row)
    own = row.full_label if isinstance(row, ClientPassword) else str(row)
    name = own if owner in (None, row) else f"{own} ({owner})"
    opts = admin.site.get_model_admin(type(row)).opts
    page = f"admin:{opts.app_label}_{opts.model_name}_change"
    return name, reverse(page, args=[row.pk])


def _count_ended_tokens(action: BulkAction, selected: list[int]) -> int:
    """Return how many API tokens end if these mailboxes are off-boarded."""
    if action.name != "off_board":
        return 0
    return operations.count_revocable_tokens(lambda: set(selected))


def _list_url(action: BulkAction) -> str:
    opts = admin.site.get_model_admin(action.model).opts
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")


def _start_small_job(job: Job) -> None:
    """Work off a job of one part now; the worker does larger ones."""
    if job.total <= jobs.PART_SIZE:
        while jobs.work_next_part(job):
            pass


def _typed_values(form: forms.Form) -> dict[str, str]:
    """Return what was typed, so that it can be validated again before each part.

    That is done elsewhere, so the time zone of the reader is among them.
    """
    typed = dict(_typed_fields(form))
    moments = any(isinstance(form.cleaned_data[name], datetime) for name in form.fields)
    zone = {jobs.TIME_ZONE: str(timezone.get_current_timezone())} if moments else {}
    return typed | zone


def _describe_values(form: forms.Form) -> dict[str, str]:
    """Return what was chosen, for the audit log: with names and ISO 8601 times."""
    chosen = {name: form.cleaned_data[name] for name in form.fields}
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in chosen.items()
        if value not in {None, ""}
    }


def _typed_fields(form: forms.Form) -> list[tuple[str, str]]:
    """Return the names and values as they were posted, for a page that posts them."""
    names = [name + part for name in form.fields for part in ("", "_0", "_1")]
    return [(name, form.data[name]) for name in names if form.data.get(name)]


def _first_failures(job: Job) -> list[tuple[str, StrOrPromise]]:
    """Return the names of the first records that were not changed, and why not."""
    parts = job.parts.filter(failed__gt=0).order_by("number")[:MAX_NAMES_SHOWN]
    pairs = [pair for part in parts for pair in part.failures][:MAX_NAMES_SHOWN]
    return [(name, jobs.WHY_FAILED[why]) for name, why in pairs]
