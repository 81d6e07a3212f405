"""Mailboxes, as administrators see them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    AdminUserCreationForm,
)
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import cutoffs, events, phones, policies
from accounts.events import Kind
from accounts.http import actor
from accounts.models import Account, Phone
from administration import audit
from administration.rightsofmailboxes import (
    RIGHTS,
    AccountChangeForm,
    RightsAdmin,
)


class AccountCreationForm(AdminUserCreationForm):
    """A new mailbox; its address says which domain it is in."""

    class Meta:
        model = Account
        fields = ["address", "name", "domain"]
        field_classes = {"address": forms.EmailField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Admin's script puts the focus there anyway; both at once browsers complain of.
        del self.fields["address"].widget.attrs["autofocus"]
        # The field before the passwords is not what belongs to them.
        self.fields["address"].widget.attrs["autocomplete"] = "username"
        self.fields["name"].widget.attrs["autocomplete"] = "off"

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"].lower()
        if Account.objects.filter(address=address).exists():
            raise forms.ValidationError(_("A mailbox with this address exists."))
        return address


class AccountPasswordForm(AdminPasswordChangeForm):
    """Another web password; whoever logged on with the old one is logged off."""

    def save(self, *args: Any, **kwargs: Any) -> Account:
        account: Account = super().save(*args, **kwargs)
        cutoffs.end(account, account.address)
        return account


class PhoneInline(admin.StackedInline):
    """The phone for codes; its code is not for administrators."""

    model = Phone
    fields = ["number", "held_until"]
    verbose_name = _("phone for codes")


@admin.register(Account)
class AccountAdmin(RightsAdmin):
    domain_path = "domain"
    add_form = AccountCreationForm
    form = AccountChangeForm
    change_password_form = AccountPasswordForm
    inlines = [PhoneInline]
    list_display = ["address", "name", "domain", "policy", "is_active"]
    list_select_related = ["domain", "policy"]
    list_filter = ["is_active", "client_passwords_on", "is_staff"]
    ordering = ["address"]
    search_fields = ["address", "name"]
    autocomplete_fields = ["domain", "department", "policy", "domains_administered"]
    readonly_fields = ["effective_policy", "last_login", "created_at"]
    filter_horizontal = ["groups", "user_permissions"]
    fieldsets = [
        (None, {"fields": ["address", "password", "name", "language"]}),
        (
            _("Policy"),
            {
                "fields": [
                    *("domain", "department", "policy"),
                    *("policy_until", "policy_reason", "effective_policy"),
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
                    *("password1", "password2"),
                ]
            },
        ),
    ]

    def save_model(self, request: HttpRequest, obj: Account, *args: Any) -> None:
        """Save it, and end the mail sessions that lose their right by it."""
        super().save_model(request, obj, *args)
        cutoffs.review_account(obj)
        form, is_change = args
        if is_change and "client_passwords_on" in form.changed_data:
            on = obj.client_passwords_on
            kind = Kind.SWITCHED_ON if on else Kind.SWITCHED_OFF
            events.record(kind, obj, by=actor(request))
        if is_change and "address" in form.changed_data:
            cutoffs.review(f"{form.initial['address']}*")

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: Any
    ) -> None:
        """Save the phone; whose number it is and was, they are told."""
        rows = Phone.objects.filter(account=form.instance)
        old = rows.first()
        super().save_formset(request, form, formset, change)
        new = rows.all().first()
        if (old and old.number) != (new and new.number):
            why = form.cleaned_data.get(audit.REASON, "")
            phones.tell_of_change(form.instance, old, new, by=actor(request), why=why)

    def delete_model(self, request: HttpRequest, obj: Account) -> None:
        """Delete it; who was logged on as it is logged off."""
        super().delete_model(request, obj)
        cutoffs.review(f"{obj.address}*")

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Account]
    ) -> None:
        """Delete them; who was logged on as one of them is logged off."""
        masks = [f"{account.address}*" for account in queryset]
        super().delete_queryset(request, queryset)
        for mask in masks:
            cutoffs.review(mask)

    def get_inlines(self, request: HttpRequest, obj: Account | None) -> list[Any]:
        return self.inlines if obj else []

    @admin.display(description=_("effective policy"))
    def effective_policy(self, account: Account) -> str:
        effective = policies.of(account)
        return f"{effective.policy} ({effective.decided_by})"
