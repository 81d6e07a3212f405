"""Client passwords, as administrators see them: to look at, and to revoke."""

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.http import actor
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword, ClientPasswordQuerySet


@admin.register(ClientPassword)
class ClientPasswordAdmin(admin.ModelAdmin):
    """Administrators never make, change or see a password."""

    list_display = ["label", "account", "created_at", "revoked_at"]
    list_select_related = ["account"]
    list_per_page = 50
    show_full_result_count = False
    search_fields = ["account__address__startswith", "label"]
    fields = ["account", "label", "created_at", "revoked_at"]
    actions = ["revoke"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("clientpasswords.revoke_clientpassword")

    @admin.action(
        description=_("Delete, and end the mail sessions"), permissions=["revoke"]
    )
    def revoke(self, request: HttpRequest, queryset: ClientPasswordQuerySet) -> None:
        count = lifecycle.revoke(queryset, by=actor(request))
        text = ngettext(
            "%(count)s security password deleted.",
            "%(count)s security passwords deleted.",
            count,
        )
        self.message_user(request, text % {"count": count}, messages.SUCCESS)
