"""The page of security passwords: administrators view and delete them."""

from datetime import datetime

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models.protocols import PROTOCOL_KEYS
from administration.base.audited import AuditedAdmin
from administration.base.filters import CreatedFilter, OwnDomainFilter
from administration.base.lists import Shown
from administration.bulk.mixin import BulkActionsMixin
from administration.mailboxes.filters import StateFilter, UseFilter
from clientpasswords import refusals
from clientpasswords.logon import diagnosis
from clientpasswords.models import ClientPassword
from clientpasswords.refusals import REVOKED


@admin.register(ClientPassword)
class ClientPasswordAdmin(
    BulkActionsMixin[ClientPassword], AuditedAdmin[ClientPassword]
):
    """Administrators never make, change or see a security password."""

    goes_with_mailbox = True

    list_display = [
        "label",
        "account",
        "created_at",
        "last_used",
        "protocol",
        "place",
        "state",
    ]
    list_filter = [StateFilter, UseFilter, CreatedFilter, OwnDomainFilter]
    sortable_by = ["created_at"]
    search_fields = ["account__address__startswith"]
    search_help_text = _("Beginning of a mailbox's address")
    fields = [
        "account",
        "label",
        "created_at",
        "last_used",
        "place",
        "state",
        PROTOCOL_KEYS,
        "networks",
        "expires_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ClientPassword]:
        rows = super().get_queryset(request)
        return rows.select_related("account", "usage", "replacement")

    def complete_rows(self, rows: Shown) -> None:
        states = diagnosis.find_refusals(rows)
        for row in rows:
            row.refusal = states.get(row.pk, REVOKED.key)  # gone since it was read

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> ClientPassword | None:
        found = super().get_object(request, object_id, from_field)
        if found is not None:
            self.complete_rows([found])
        return found

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: ClientPassword | None = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: ClientPassword | None = None
    ) -> bool:
        return False

    @admin.display(description=_("last used"))
    def last_used(self, row: ClientPassword) -> datetime | StrOrPromise:
        return row.used.last_at if row.used else _("never")

    @admin.display(description=_("protocol"))
    def protocol(self, row: ClientPassword) -> str:
        return row.used.protocol.upper() if row.used else ""

    @admin.display(description=_("place"))
    def place(self, row: ClientPassword) -> str:
        return (row.used.network_address or "") if row.used else ""

    @admin.display(description=_("state"))
    def state(self, row: ClientPassword) -> str:
        """Return the state as mail servers see it, without regard to networks."""
        state = refusals.describe(row.refusal) if row.refusal else str(_("works"))
        return f"{state} · {row.place_in_pair}" if row.place_in_pair else state
