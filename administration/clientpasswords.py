"""Client passwords, as administrators see them: to look at, and to revoke."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from administration.audited import AuditedAdmin
from clientpasswords.models import ClientPassword


@admin.register(ClientPassword)
class ClientPasswordAdmin(AuditedAdmin):
    """Administrators never make, change or see a password."""

    domain_path = "account__domain"
    list_display = ["label", "account", "created_at", "revoked_at"]
    list_select_related = ["account"]
    search_fields = ["account__address__startswith", "label"]
    fields = ["account", "label", "created_at", "revoked_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
