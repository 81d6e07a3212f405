"""Pages that write: they record changes, and never overwrite those of others."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, TypeVar

from django import forms
from django.contrib.admin.models import LogEntry
from django.contrib.admin.widgets import AdminTextInputWidget
from django.core.exceptions import PermissionDenied
from django.db import connection, models, transaction
from django.db.models import ForeignKey, Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import events
from accounts.models import Account, Department, Domain, Phone, Policy
from accounts.signin import backend
from administration.base import audit
from administration.base.lists import Context
from administration.base.proof import Proof, read_proof
from administration.base.scoped import ScopedAdmin
from administration.base.widgets import DateAndTime, MomentField
from provisioning import roles, self_lockout

M = TypeVar("M", bound=Model)
STALE = _(
    "Someone else changed this after you opened the page. Nothing was saved. Open the "
    "page again and make your change there."
)
RANK = _("Only site operators can change the mailboxes of administrators.")
SHUT_OUT = _(
    "This would lock out your own mail programs, which recently used %(protocols)s. "
    "Ask for an exception for your mailbox first."
)
# The fields that decide who is let in by mail.
LOCKOUT_FIELDS: dict[type[Model], set[str]] = {
    Account: {"policy", "policy_until", "department", "client_passwords_on"},
    Department: {"policy"},
    Domain: {"policy"},
}


CleanedData = dict[str, Any]  # of a form


class TrackedForm(ModelForm[Model]):
    """Adds the reason, and the version of the record that the form was made from.

    It refuses changes by which authors would lock themselves out, records of
    administrators above them, and what opens more without a fresh proof of its author.
    """

    author: Account
    proof: Proof
    opens_more: Callable[[ModelForm[Any]], bool]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        version = _version(self.instance, {n: self.initial.get(n) for n in self.fields})
        self.fields[audit.VERSION] = forms.CharField(
            widget=forms.HiddenInput, required=False, initial=version
        )
        self.fields[audit.REASON] = forms.CharField(
            label=_("Reason"),
            help_text=_("Recorded in the audit log with your change."),
            max_length=events.MAX_REASON_LENGTH,
            required=False,
            widget=AdminTextInputWidget,
        )

    def clean(self) -> CleanedData | None:
        """Refuse a form that was made from an older version of the record."""
        cleaned = super().clean()
        version = self.cleaned_data.get(audit.VERSION)
        if version and version != self.fields[audit.VERSION].initial:
            self.add_error(None, STALE)
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, Account) and not roles.may_change_mailbox(
                self.author, value
            ):
                self.add_error(name, RANK)
        return cleaned

    def full_clean(self) -> None:
        """Refuse what shuts the author out, or opens more without their proof."""
        super().full_clean()
        if self.is_bound and self.opens_more(self):
            self.proof.check(self)
        if (
            not self.is_bound
            or self.errors
            or not (names := self._changed_lockout_fields())
        ):
            return
        values = {name: getattr(self.instance, name) for name in names}
        everything: QuerySet[Model] = QuerySet(type(self.instance))
        rows = everything.filter(pk=self.instance.pk)
        lockout = self_lockout.check(self.author, lambda: rows.update(**values))
        if lockout:
            protocols = ", ".join(lockout.protocols).upper()
            error = forms.ValidationError(SHUT_OUT, params={"protocols": protocols})
            self.add_error(lockout.blamed_field(names), error)

    def _changed_lockout_fields(self) -> list[str]:
        """Return the changed fields that may shut the author out."""
        if not self.instance.pk or (
            isinstance(self.instance, Account) and self.instance != self.author
        ):
            return []
        if isinstance(self.instance, Policy):
            return [n for n in self.changed_data if n not in audit.OWN_FIELDS]
        watched = LOCKOUT_FIELDS.get(type(self.instance), set())
        return [name for name in self.changed_data if name in watched]


class AuditedAdmin(ScopedAdmin[M]):
    """Records each change and its reason in the audit log, and loses no update.

    This is the base of every page that writes.
    """

    formfield_overrides = {
        models.DateTimeField: {"form_class": MomentField, "widget": DateAndTime}
    }

    def get_form(
        self, request: HttpRequest, obj: M | None = None, *args: Any, **kwargs: Any
    ) -> type[ModelForm[M]]:
        form = super().get_form(request, obj, *args, **kwargs)
        known = {
            "author": request.user,
            "proof": read_proof(request),
            "opens_more": staticmethod(self.opens_more),
        }
        own = type(form.__name__, (TrackedForm, form), known)
        if obj is not None:
            self._hand_on_chosen(request, obj, own)
        return own

    def opens_more(self, form: ModelForm[M]) -> bool:
        """Whether saving this form makes or widens a way in, which asks for a proof.

        A way in is what opens a mailbox or the administration: a credential, a number
        for codes, a right. The form is bound, and may have errors.
        """
        return False

    def _hand_on_chosen(
        self, request: HttpRequest, record: M, form: type[ModelForm[M]]
    ) -> None:
        """Give its chosen records to the fields with search, which look none up then.

        That is, those that were loaded with it, and are in the scope of the reader.
        """
        is_whole = roles.sees_whole_host(request.user)
        for name in form.base_fields.keys() & {*self.get_autocomplete_fields(request)}:
            column = self.opts.get_field(name)
            if not isinstance(column, ForeignKey) or not column.is_cached(record):
                continue
            chosen = getattr(record, name)
            if chosen and (is_whole or roles.goes_with_domain_of(record, chosen)):
                widget: Any = form.base_fields[name].widget
                getattr(widget, "widget", widget).loaded = {str(chosen.pk): chosen}

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> M | None:
        """Return the record; lock it first if it is about to be written."""
        found = super().get_object(request, object_id, from_field)
        if found is None or request.method != "POST" or not connection.in_atomic_block:
            return found
        self._lock_author(request, found)
        if self.model is not Account:
            rows: QuerySet[M] = QuerySet(self.model)
            list(rows.select_for_update().filter(pk=found.pk).values_list("pk"))
        return super().get_object(request, object_id, from_field)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Lock the author of a new record; `get_object` does so for others."""
        with transaction.atomic() if request.method == "POST" else nullcontext():
            if request.method == "POST" and object_id is None:
                self._lock_author(request)
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _lock_author(self, request: HttpRequest, found: M | None = None) -> None:
        """Lock the author until the transaction ends, and reload their permissions.

        The owner of the record is locked as well, in the order of primary keys, so that
        two administrators who change one another do not deadlock. Mailboxes are locked
        before other records. Permissions of groups are not locked.

        Raises:
            PermissionDenied: the author is no longer an administrator.
        """
        author = request.user
        if not isinstance(author, Account):
            raise PermissionDenied
        owner = roles.owner_of(found)
        pks = {author.pk, owner.pk if owner else author.pk}
        no_key = self.model is not Account
        rows = Account.objects.select_for_update(no_key=no_key).order_by("pk")
        list(rows.filter(pk__in=pks).values_list("pk"))
        author.refresh_from_db()
        backend.forget_permissions(author)
        if not (author.is_active and author.is_staff):
            raise PermissionDenied

    def construct_change_message(
        self, request: HttpRequest, form: Any, *args: Any, **kwargs: Any
    ) -> list[dict[str, dict[str, list[str]]]]:
        """Record the change: Django admin calls this once everything is saved."""
        message = super().construct_change_message(request, form, *args, **kwargs)
        if isinstance(form, forms.ModelForm):
            fields = [field.name for field in self.opts.get_fields()]
            audit.record_saved_form(
                request, form, fields, is_new={"added": {}} in message
            )
        else:
            audit.record_password_change(request, form.user)
        return message

    def log_deletions(
        self, request: HttpRequest, queryset: QuerySet[M]
    ) -> list[LogEntry]:
        """Record the deletion: Django admin calls this before it deletes."""
        audit.record_deletion(request, queryset)
        return super().log_deletions(request, queryset)


def _version(instance: Model, values: dict[str, object]) -> str:
    """Return a digest of the record, keyed because it may cover a password hash."""
    if isinstance(instance, Account) and instance.pk:
        phone: Phone | None = getattr(instance, "phone", None)
        values |= {"phone": phone and (phone.number, phone.held_until)}
    text = repr(sorted((name, _to_text(value)) for name, value in values.items()))
    mac = salted_hmac("administration.version", text, algorithm="sha256")
    return mac.hexdigest()[:32]


def _to_text(value: object) -> str:
    """Return the value as text; records of a list by key, in whatever order."""
    if isinstance(value, list):
        value = sorted(str(getattr(each, "pk", each)) for each in value)
    return str(value)
