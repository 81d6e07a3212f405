"""Domains and their departments, as administrators see them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import cutoffs
from accounts.models import Department, Domain
from administration import roles
from administration.audited import AuditedAdmin


@admin.register(Domain)
class DomainAdmin(AuditedAdmin):
    """Domains: which there are, and their names, is for site operators to say."""

    domain_path = "pk"
    list_display = ["name", "policy"]
    list_select_related = ["policy"]
    list_filter = ["policy"]
    search_fields = ["name"]
    autocomplete_fields = ["policy"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and roles.is_operator(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and roles.is_operator(request.user)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fields = super().get_readonly_fields(request, obj)
        return fields if roles.is_operator(request.user) else [*fields, "name"]

    def save_model(self, request: HttpRequest, obj: Domain, *args: Any) -> None:
        """Save it, and end the mail sessions that lose their right by it."""
        super().save_model(request, obj, *args)
        cutoffs.review(f"*@{obj.name}*")


@admin.register(Department)
class DepartmentAdmin(AuditedAdmin):
    domain_path = "domain"
    list_display = ["name", "domain", "policy"]
    list_select_related = ["domain", "policy"]
    search_fields = ["name", "domain__name"]
    autocomplete_fields = ["domain", "policy"]

    def save_model(self, request: HttpRequest, obj: Department, *args: Any) -> None:
        """Save it, and end the mail sessions that lose their right by it."""
        super().save_model(request, obj, *args)
        cutoffs.review(f"*@{obj.domain.name}*")

    def delete_model(self, request: HttpRequest, obj: Department) -> None:
        """Delete it; its mailboxes are under the domain's policy from then on."""
        super().delete_model(request, obj)
        cutoffs.review(f"*@{obj.domain.name}*")

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[Department]
    ) -> None:
        """Delete them; their mailboxes are under their domains' policies then."""
        names = sorted(set(queryset.values_list("domain__name", flat=True)))
        super().delete_queryset(request, queryset)
        for name in names:
            cutoffs.review(f"*@{name}*")
