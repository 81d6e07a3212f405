"""Policies, as administrators see them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import cutoffs
from accounts.models import Policy
from administration.audited import AuditedAdmin


@admin.register(Policy)
class PolicyAdmin(AuditedAdmin):
    list_display = [
        "name",
        "third_party_logon",
        "imap",
        "pop3",
        "smtp",
        "client_passwords_required",
        "max_client_passwords",
    ]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["name"]}),
        (
            _("Mail programs"),
            {"fields": ["third_party_logon", ("imap", "pop3", "smtp")]},
        ),
        (
            _("Third-Party Client Security Passwords"),
            {"fields": ["client_passwords_required", "max_client_passwords"]},
        ),
        (_("Codes"), {"fields": ["owner_sets_phone"]}),
    ]

    def save_model(self, request: HttpRequest, obj: Policy, *args: Any) -> None:
        """Save it, and end the mail sessions that it lets in no more."""
        super().save_model(request, obj, *args)
        cutoffs.review("*")
