"""The page of mailboxes."""

from datetime import datetime
from typing import Any, Protocol

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.contrib.admin.utils import unquote
from django.contrib.auth import password_validation
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.crypto import constant_time_compare
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django_stubs_ext import StrOrPromise

from accounts import events, phones
from accounts.events import Kind
from accounts.http import actor
from accounts.models import Account, Phone
from accounts.moments import moment
from accounts.policy import effective as effective_policy
from accounts.policy.effective import EffectivePolicy
from accounts.sessions import cutoffs
from accounts.signin import authenticator
from administration.base import audit, textmessages
from administration.base.audited import AuditedAdmin
from administration.base.display import NOTHING
from administration.base.filters import MailboxDomainFilter
from administration.base.lists import (
    Columns,
    Context,
    Fieldsets,
    Reference,
    Shown,
)
from administration.base.proof import MISSING, Proof, ask_first, read_proof
from administration.bulk.mixin import BulkActionsMixin
from administration.mailboxes import adding, desk, tryout, why
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


class PhoneFormSet(BaseInlineFormSet[Phone, Account, ModelForm[Phone]]):
    """Shows the phone that came with the mailbox, which needs no query.

    Another number gets the codes, so that it needs the proof of the administrator.
    """

    proof: Proof

    def clean(self) -> None:
        super().clean()
        going = self.deleted_forms
        if any(each.has_changed() and each not in going for each in self.forms) and (
            not self.proof.ask()
        ):
            raise ValidationError(MISSING)

    def get_queryset(self) -> Any:
        """Return the phone; read it anew if it is about to be saved.

        Of who may not see it the admin has made the query empty.
        """
        given = self.queryset
        if self.is_bound or (given is not None and given.query.is_empty()):
            return super().get_queryset()
        return [self.instance.phone] if hasattr(self.instance, "phone") else []


class PhoneInline(admin.StackedInline[Phone, Account]):
    """The phone for codes; administrators do not see the codes."""

    model = Phone
    formset = PhoneFormSet
    fields = ["number", "held_until", "last_code"]
    readonly_fields = ["last_code"]
    formfield_overrides = AuditedAdmin.formfield_overrides
    verbose_name = verbose_name_plural = _("phone for codes")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.proof = read_proof(request)
        return formset

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse to change one's own number here, where nothing proves whose it is."""
        return obj != request.user and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj != request.user and super().has_delete_permission(request, obj)

    @admin.display(description=_("last code"))
    def last_code(self, phone: Phone) -> str:
        """What became of it, and what to do if it did not arrive."""
        if phone.pk is None:
            return ""
        said = getattr(phone.account, "said_by", None)
        if said is None:
            event = textmessages.find_outcomes(phone.account).first()
        else:
            event = said.get("code")
        if event is None:
            return ""
        advice = textmessages.get_advice(event)
        words = "{}: {}. {}" if advice else "{}: {}"
        return format_html(words, moment(event.at), event.get_kind_display(), advice)


Inlines = list[type[InlineModelAdmin[Any, Any]]]


class AccountPasswordForm(AdminPasswordChangeForm):
    """Changes the web password, and ends mail sessions of the old one.

    Without a typed web password it makes one, which the saved mailbox has as its
    attribute `made_password`, in this request only.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Without it, nobody is left without a web password.
        self.fields.pop("usable_password", None)
        new, again = self.fields["password1"], self.fields["password2"]
        new.required = again.required = False
        new.label, again.label = _("New web password"), _("Repeat the new web password")
        new.help_text, again.help_text = adding.EMPTY_MAKES_ONE, ""

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse two that differ, and one that is too easy to guess."""
        password = self.cleaned_data.get("password1", "")
        again = self.cleaned_data.get("password2", "")
        if not constant_time_compare(password, again):
            self.add_error("password2", self.error_messages["password_mismatch"])
        elif password:
            try:
                password_validation.validate_password(password, self.user)
            except ValidationError as error:
                self.add_error("password1", error)
        return self.cleaned_data

    @property
    def changed_data(self) -> list[str]:
        return ["password"]

    @sensitive_variables()
    def save(self, commit: bool = True) -> Account:  # noqa: FBT001, FBT002
        account: Account = self.user
        typed = self.cleaned_data["password1"]
        made = "" if typed else adding.generate_web_password()
        account.set_password(typed or made)
        vars(account)["made_password"] = made
        if commit:
            account.save()
        cutoffs.end_sessions(account, account.address)
        return account


def _without_rights(options: Context) -> Context:
    fields = [name for name in options["fields"] if name not in ADMINISTRATOR_FIELDS]
    return {**options, "fields": fields}


def _without_phone(options: Context) -> Context:
    return {**options, "fields": [n for n in options["fields"] if n != "phone"]}


@admin.register(Account)
class AccountAdmin(BulkActionsMixin[Account], RenamableAdmin):
    add_form = adding.AccountCreationForm
    add_form_template = "admin/accounts/account/add.html"
    form = AccountChangeForm
    change_password_form = AccountPasswordForm
    inlines = [PhoneInline]
    change_form_template = "admin/accounts/account/change_form.html"
    list_display = [
        "address",
        "security_passwords",
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
    readonly_fields = ["effective_policy", "last_sign_in", "created_at"]
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
        (_("State"), {"fields": ["is_active", "client_passwords_on", "last_sign_in"]}),
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
                    "phone",
                    "web_password",
                    "without_password",
                    "language",
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
        """Save the mailbox, and end the mail sessions that lose their right.

        A new one gets its phone.
        """
        super().save_model(request, obj, form, change)
        if not change and (phone := form.cleaned_data.get("phone")):
            phone.account = obj
            phone.save()
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
            .annotate(app_set_up_at=authenticator.select_set_up_time())
        )

    def formfield_for_foreignkey(
        self, db_field: Reference, request: HttpRequest, **kwargs: object
    ) -> forms.ModelChoiceField[Model] | None:
        """Load departments with their domains, which their names need."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "department":
            rows = field.queryset
            field.queryset = rows.select_related("domain") if rows is not None else None
        return field

    def get_fieldsets(
        self, request: HttpRequest, obj: Account | None = None
    ) -> Fieldsets:
        """Show rights only on the pages of administrators.

        Of a new mailbox, only those may enter the phone who may add one.
        """
        sets = super().get_fieldsets(request, obj)
        if obj is None and not request.user.has_perm(adding.ADD_PHONE):
            return [(name, _without_phone(options)) for name, options in sets]
        if obj is None or obj.is_staff:
            return sets
        return [(name, _without_rights(options)) for name, options in sets]

    def get_urls(self) -> list[URLPattern]:
        own = {"why": self.why_view, "welcome": self.welcome_view}
        try_view = self.admin_site.admin_view(self.try_view)
        return [
            path("try/", try_view, name="accounts_account_try"),
            *(
                path(
                    f"<path:object_id>/{name}/",
                    self.admin_site.admin_view(view),
                    name=f"accounts_account_{name}",
                )
                for name, view in own.items()
            ),
            *super().get_urls(),
        ]

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: Context | None = None,
    ) -> HttpResponse:
        """Add a mailbox, after a proof of who adds it.

        Raises:
            PermissionDenied: they may not add mailboxes.
        """
        if not self.has_add_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": _("Add the mailbox"),
            "opts": self.opts,
        }
        asked = ask_first(request, context)
        return asked or super().add_view(request, form_url, extra_context)

    def response_add(
        self, request: HttpRequest, obj: Account, post_url_continue: object = None
    ) -> HttpResponse:
        """Show what the owner needs to know, and once the web password that was made.

        A repeated POST is refused, because the address is taken by then.
        """
        if getattr(obj, "made_password", ""):
            return self._welcome_page(request, obj)
        return redirect("admin:accounts_account_welcome", obj.pk)

    def welcome_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the text to send to the owner, without any password.

        Raises:
            Http404: there is no such mailbox for this administrator.
            PermissionDenied: they may not look at it.
        """
        account = self.get_object(request, unquote(object_id))
        if account is None:
            raise Http404
        if not self.has_view_permission(request, account):
            raise PermissionDenied
        return self._welcome_page(request, account)

    @sensitive_variables()
    def _welcome_page(self, request: HttpRequest, account: Account) -> HttpResponse:
        made_password = getattr(account, "made_password", "")
        context = {
            **self.admin_site.each_context(request),
            "title": _("The mailbox is ready")
            if made_password
            else _("Text for the owner"),
            "opts": self.opts,
            "original": account,
            "made_password": made_password,
            "letter": adding.write_welcome(request, account),
            "letter_language": adding.get_welcome_language(account),
            "may_add": self.has_add_permission(request),
            "may_ask_why": self._may_ask_why(request),
        }
        template = "admin/accounts/account/welcome.html"
        return TemplateResponse(request, template, context)

    @method_decorator(sensitive_post_parameters())
    @method_decorator(transaction.atomic)
    @sensitive_variables()
    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002 (as Django calls it)
        form_url: str = "",
    ) -> HttpResponse:
        """Change the web password; show once the one that was made.

        One's own is changed on the page that asks for the old one.

        Raises:
            Http404: there is no such mailbox for this administrator.
            PermissionDenied: they may not change it.
        """
        account = self.get_object(request, unquote(id))
        if account == request.user:
            return redirect("admin:password_change")
        if not self.has_change_permission(request, account):
            raise PermissionDenied
        if account is None:
            raise Http404
        if asked := ask_first(request, self._password_context(request, account)):
            return asked
        posted = request.POST if request.method == "POST" else None
        form = self.change_password_form(account, posted)
        if not (form.is_valid() & read_proof(request).check(form)):
            return self._password_page(request, account, form=form)
        account = form.save()
        message = self.construct_change_message(request, form, None)
        self.log_change(request, account, message)
        if made := getattr(account, "made_password", ""):
            return self._password_page(request, account, made=made)
        messages.success(request, _("The web password was changed."))
        return redirect("admin:accounts_account_change", account.pk)

    def _password_context(self, request: HttpRequest, account: Account) -> Context:
        title = (
            _("Change the web password of %(address)s")
            if account.has_usable_password()
            else _("Set a web password for %(address)s")
        )
        return {
            **self.admin_site.each_context(request),
            "title": title % {"address": account.address},
            "opts": self.opts,
            "original": account,
        }

    @sensitive_variables()
    def _password_page(
        self, request: HttpRequest, account: Account, **shown: object
    ) -> HttpResponse:
        """Return the page with the `form`, or the one that shows what was `made`."""
        context = self._password_context(request, account)
        if "made" in shown:
            words = _("The web password of %(address)s was changed")
            context["title"] = words % {"address": account.address}
        context |= {"made_password": shown.get("made"), "form": shown.get("form")}
        name = "made_password" if "made" in shown else "change_password"
        template = f"admin/accounts/account/{name}.html"
        return TemplateResponse(request, template, context)

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
            **why.page_context(request, account),
        }
        template = "admin/accounts/account/why.html"
        status = 422 if context["form"].errors else 200
        return TemplateResponse(request, template, context, status=status)

    @method_decorator(sensitive_post_parameters())
    def try_view(self, request: HttpRequest) -> HttpResponse:
        """Show whether the mail server would let a mail program in: `check_logon`.

        Raises:
            PermissionDenied: they may not look at mailboxes, or at mail logons.
        """
        if not self._may_ask_why(request):
            raise PermissionDenied
        context, status = tryout.page_context(request, self.get_queryset(request))
        context |= {
            **self.admin_site.each_context(request),
            "title": _("Try it"),
            "opts": self.opts,
        }
        template = "admin/accounts/account/try.html"
        return TemplateResponse(request, template, context, status=status)

    def get_extra_context(
        self, request: HttpRequest, record: Account | None
    ) -> Context:
        effective.remember_authors(
            request, record, effective_policy.get_levels, textmessages.find_outcomes
        )
        more: Context = {"may_ask_why": self._may_ask_why(request)}
        if record is not None:
            more |= desk.page_context(request, record)
        return super().get_extra_context(request, record) | more

    def get_list_display(self, request: HttpRequest) -> Columns:
        """Return other columns for exceptions: policy, reason and end."""
        if ExceptionFilter.parameter_name in request.GET:
            return ["address", "policy", "policy_reason", "policy_until"]
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

    @admin.display(description=_("security passwords"))
    def security_passwords(self, account: Any) -> str:
        return effective.describe_state(account, account.bound)

    @admin.display(description=_("passwords"))
    def passwords(self, account: ListedMailbox) -> str:
        return f"{account.in_use}/{account.bound.policy.max_client_passwords}"

    @admin.display(description=_("protocols"))
    def protocols(self, account: ListedMailbox) -> str:
        return effective.describe_protocols(account.bound.policy)

    @admin.display(description=_("phone"))
    def has_phone(self, account: ListedMailbox) -> StrOrPromise:
        return _("On file") if account.phone_known else NOTHING

    @admin.display(description=_("state"))
    def active(self, account: Account) -> StrOrPromise:
        return _("Active") if account.is_active else _("Disabled")

    @admin.display(description=_("last sign-in"))
    def last_sign_in(self, account: Account) -> datetime | None:
        return account.last_login

    @admin.display(description=_("last mail program"))
    def last_logon(self, account: ListedMailbox) -> datetime | None:
        return account.last_logon_at

    def _may_ask_why(
        self, request: HttpRequest, account: Account | None = None
    ) -> bool:
        may_look = self.has_view_permission(request, account)
        return may_look and request.user.has_perm("clientpasswords.view_logon")
