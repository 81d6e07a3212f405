"""The page of services: which workers run on which host, and what failed last."""

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts.models import Heartbeat
from administration.library_records import OperatorsAdmin

STATES: dict[str, StrOrPromise] = {
    "running": _("running"),
    "failing": _("running, but something failed"),
    "silent": _("not running"),
    "missing": _("never seen running"),
}


@admin.register(Heartbeat)
class HeartbeatAdmin(OperatorsAdmin[Heartbeat]):
    """Shows when each was last seen running; rows of former hosts can be deleted."""

    list_display = ["worker", "node", "described", "seen_at", "failed_at", "failure"]
    fields = ["worker", "command", "node", "described", "seen_at", "failed_at"]
    fields += ["failure"]
    readonly_fields = ["command", "described"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    @admin.display(description=_("state"))
    def described(self, row: Heartbeat) -> StrOrPromise:
        return STATES[row.state]

    @admin.display(description=_("command"))
    def command(self, row: Heartbeat) -> SafeString:
        return format_html("<code>manage.py {}</code>", row.worker)
