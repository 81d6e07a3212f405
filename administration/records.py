"""What is written by the portal alone: events, mail logons, cut-offs."""

from django.contrib import admin

from accounts.models import Cutoff, SecurityEvent
from administration.base import ReadOnlyAdmin
from clientpasswords.models import Logon


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin):
    list_display = ["at", "kind", "address", "actor", "network_address", "detail"]
    list_filter = ["kind"]
    search_fields = ["address__startswith"]


@admin.register(Cutoff)
class CutoffAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "login_mask", "node", "kicks", "failures", "due_at"]
    fields = ["created_at", "login_mask", "node", "kicks", "failures", "due_at"]
    search_fields = ["login_mask__startswith"]


@admin.register(Logon)
class LogonAdmin(ReadOnlyAdmin):
    """Who logged on with what success, as the mail servers' logs tell."""

    list_display = [
        "last_at",
        "account",
        "client_password",
        "protocol",
        "reason",
        "network_address",
        "count",
        "node",
    ]
    list_select_related = ["account", "client_password"]
    list_filter = ["reason", "protocol"]
    search_fields = ["account__address__startswith"]
