"""The page of mailboxes."""

from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import unquote
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
)
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import events, phones
from accounts.events import Kind
from accounts.http import actor
from accounts.models import Account, Phone
from accounts.policy import effective as effective_policy
from accounts.policy.effective import EffectivePolicy
from accounts.sessions import cutoffs
from administration.base import audit
from administration.base.audited import AuditedAdmin
from administration.base.filters import MailboxDomainFilter
from administration.base.lists import Columns, Context, Fieldsets, Shown, icon
from administration.bulk.mixin import BulkActionsMixin
from administration.mailboxes import why
from administration.mailboxes.addresses import RenamableAdmin
from administration.mailboxes.filters import (
    ExceptionFilter,
    PasswordsFilter,
    PhoneFilter,
    ProtocolsFilter,
    RequiredFilter,
    WebPasswordFilter,
    has_phone,
)
from administration.mailboxes.permissions import (
    ADMINISTRATOR_FIELDS,
    RIGHTS,
    AccountChangeForm,
)
from administration.policies import effective
from clientpasswords import limits
from clientpasswords.usage import history
from provisioning import operations
from provisioning.operations import Order


class ListedMailbox(Protocol):
    """A mailbox in the list, with the attributes that its columns need."""

    in_use: int
    phone_known: bool
    bound: EffectivePolicy
    last_logon_at: datetime | None


class PhoneInline(admin.StackedInline[Phone, Account]):
    """The phone for codes; administrators do not see the codes."""

    model = Phone
    fields = ["number", "held_until"]
    formfield_overrides = AuditedAdmin.formfield_overrides
    verbose_name = verbose_name_plural = _("phone for codes")


Inlines = list[type[InlineModelAdmin[Any, Any]]]


class AccountCreationForm(AdminUserCreationForm[Account]):
    """Creates a mailbox."""

    class Meta:
        model = Account
        fields = ["address", "name", "domain"]
        field_classes = {"address": forms.EmailField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A script of Django admin sets the focus; browsers warn if there are both.
        del self.fields["address"].widget.attrs["autofocus"]
        # Otherwise browsers take the field before the passwords for the user name.
        self.fields["address"].widget.attrs["autocomplete"] = "username"
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        if Account.objects.filter(address=address).exists():
            raise forms.ValidationError(_("A mailbox with this address exists."))
        return address


class AccountPasswordForm(AdminPasswordChangeForm):
    """Changes the web password, and ends mail sessions of the old one."""

    def save(self, commit: bool = True) -> Account:  # noqa: FBT001, FBT002
        account: Account = super().save(commit)
        cutoffs.end_sessions(account, account.address)
        return account


def _without_rights(options: Context) -> Context:
    fields = [name for name in options["fields"] if name not in ADMINISTRATOR_FIELDS]
    return {**options, "fields": fields}


@admin.register(Account)
class AccountAdmin(BulkActionsMixin[Account], RenamableAdmin):
    add_form = AccountCreationForm
    form = AccountChangeForm
    change_password_form = AccountPasswordForm
    inlines = [PhoneInline]
    change_form_template = "admin/accounts/account/change_form.html"
    list_display = [
        "address",
        "domain",
        "switched_on",
        "required",
        "passwords",
        "protocols",
        "has_phone",
        "last_logon",
        "active",
    ]
    list_filter = [
        MailboxDomainFilter,
        "client_passwords_on",
        RequiredFilter,
        PasswordsFilter,
        WebPasswordFilter,
        ProtocolsFilter,
        ExceptionFilter,
        PhoneFilter,
        "is_active",
        "is_staff",
    ]
    sortable_by = ["address"]
    ordering = ["address"]
    search_fields = ["address__startswith", "name__istartswith"]
    search_help_text = _("Beginning of the address, or of the name")
    autocomplete_fields = ["domain", "department", "policy", "domains_administered"]
    readonly_fields = ["effective_policy", "last_login", "created_at"]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["address", "password", "name", "language"]}),
        (
            _("Policy"),
            {
                "fields": [
                    "domain",
                    "department",
                    "policy",
                    "policy_until",
                    "policy_reason",
                    "effective_policy",
                ]
            },
        ),
        (_("State"), {"fields": ["is_active", "client_passwords_on", "last_login"]}),
        (
            _("Administration"),
            {
                "classes": ["collapse"],
                "fields": [*RIGHTS],
            },
        ),
    ]
    add_fieldsets = [
        (
            None,
            {
                "fields": [
                    "address",
                    "name",
                    "domain",
                    "usable_password",
                    "password1",
                    "password2",
                ]
            },
        ),
    ]

    def save_model(
        self,
        request: HttpRequest,
        obj: Account,
        form: ModelForm[Account],
        change: object,
    ) -> None:
        """Save the mailbox, and end the mail sessions that lose their right."""
        super().save_model(request, obj, form, change)
        cutoffs.review_account(obj)
        if change and "client_passwords_on" in form.changed_data:
            on = obj.client_passwords_on
            kind = Kind.SWITCHED_ON if on else Kind.SWITCHED_OFF
            events.record(kind, obj, by=actor(request))

    def save_formset(
        self,
        request: HttpRequest,
        form: ModelForm[Account],
        formset: object,
        change: object,
    ) -> None:
        """Save the phone, and notify the old and the new number."""
        rows = Phone.objects.filter(account=form.instance)
        old = rows.first()
        super().save_formset(request, form, formset, change)
        new = rows.all().first()
        if (old and old.number) != (new and new.number):
            why = form.cleaned_data.get(audit.REASON, "")
            phones.record_change(form.instance, old, new, by=actor(request), why=why)

    def delete_model(self, request: HttpRequest, obj: Account) -> None:
        """Delete the mailbox, revoke its API tokens, and end its mail sessions."""
        operations.revoke_tokens(obj, Order(actor(request), ""))
        super().delete_model(request, obj)
        cutoffs.review_sessions(f"{obj.address}*")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        return (
            super()
            .get_queryset(request)
            .select_related(
                "domain__policy",
                "department__policy",
                "department__domain",
                "policy",
                "phone",
            )
        )

    def get_fieldsets(
        self, request: HttpRequest, obj: Account | None = None
    ) -> Fieldsets:
        """Show rights only on the pages of administrators."""
        sets = super().get_fieldsets(request, obj)
        if obj is None or obj.is_staff:
            return sets
        return [(name, _without_rights(options)) for name, options in sets]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.why_view)
        name = "accounts_account_why"
        return [path("<path:object_id>/why/", view, name=name), *super().get_urls()]

    def why_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show why a mail program cannot connect, without changes or secrets.

        Raises:
            Http404: there is no such mailbox for this administrator.
            PermissionDenied: they may not look at it, or at mail logons.
        """
        account = self.get_object(request, unquote(object_id))
        if account is None:
            raise Http404
        if not self._may_ask_why(request, account):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": account.address,
            "opts": self.opts,
            "original": account,
            **why.page_context(account, request.GET),
        }
        template = "admin/accounts/account/why.html"
        status = 422 if context["form"].errors else 200
        return TemplateResponse(request, template, context, status=status)

    def get_extra_context(
        self, request: HttpRequest, record: Account | None
    ) -> Context:
        effective.remember_authors(request, record, effective_policy.get_levels)
        more = {"may_ask_why": self._may_ask_why(request)}
        return super().get_extra_context(request, record) | more

    def get_list_display(self, request: HttpRequest) -> Columns:
        """Return other columns for exceptions: policy, reason and end."""
        if ExceptionFilter.parameter_name in request.GET:
            return ["address", "domain", "policy", "policy_reason", "policy_until"]
        return self.list_display

    def annotate_page(self, rows: QuerySet[Account]) -> QuerySet[Account]:
        """Return the rows with policies, counts, and whether there is a phone."""
        comes_with = ("domain__policy", "department__policy", "policy")
        narrow = rows.select_related(None).select_related(*comes_with)
        return narrow.annotate(in_use=limits.count_in_use(), phone_known=has_phone())

    def complete_rows(self, rows: Shown) -> None:
        last = history.last_logons(rows)
        for account in rows:
            account.last_logon_at = last.get(account.pk)
            account.bound = effective_policy.get_effective_policy(account)

    def get_inlines(self, request: HttpRequest, obj: Account | None) -> Inlines:
        return [PhoneInline] if obj else []

    @admin.display(description=_("effective policy"))
    def effective_policy(self, account: Account) -> SafeString:
        return effective.render_box(account, effective_policy.get_levels(account))

    @admin.display(description=_("required by the policy"))
    def required(self, account: ListedMailbox) -> str:
        said = effective.describe_requirement(account.bound.policy)
        if not account.bound.policy.client_passwords_required:
            return said
        return f"{said} ({account.bound.decided_by})"

    @admin.display(description=_("passwords"))
    def passwords(self, account: ListedMailbox) -> str:
        return f"{account.in_use}/{account.bound.policy.max_client_passwords}"

    @admin.display(description=_("protocols"))
    def protocols(self, account: ListedMailbox) -> str:
        return effective.describe_protocols(account.bound.policy)

    @admin.display(description=_("phone"))
    def has_phone(self, account: ListedMailbox) -> str:
        return icon(yes=account.phone_known)

    @admin.display(description=_("security passwords on"))
    def switched_on(self, account: Account) -> str:
        return icon(yes=account.client_passwords_on)

    @admin.display(description=_("active"))
    def active(self, account: Account) -> str:
        return icon(yes=account.is_active)

    @admin.display(description=_("last mail program"))
    def last_logon(self, account: ListedMailbox) -> datetime | None:
        return account.last_logon_at

    def _may_ask_why(
        self, request: HttpRequest, account: Account | None = None
    ) -> bool:
        may_look = self.has_view_permission(request, account)
        return may_look and request.user.has_perm("clientpasswords.view_logon")
