"""Read-only pages: the audit log, mail logons and cut-offs."""

from collections.abc import Iterator, Mapping
from operator import methodcaller

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts import events
from accounts.events import Kind
from accounts.http import actor
from accounts.models import Cutoff, Domain, SecurityEvent
from accounts.models.protocols import PROTOCOLS
from administration.base import textmessages
from administration.base.filters import (
    ChoiceFilter,
    MailboxDomainFilter,
    OwnDomainFilter,
    Rows,
    TimeFilter,
)
from administration.base.lists import Context
from administration.base.scoped import ReadOnlyAdmin
from administration.events import export, words
from administration.events.filters import ActorFilter, DomainFilter, NetworkFilter
from clientpasswords.models import Logon
from provisioning import roles


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnlyAdmin[SecurityEvent]):
    """The audit log, with filters, search and export as CSV."""

    list_display = [
        "at",
        "kind",
        "address",
        "actor",
        "network_address",
        "detail_text",
        "reason",
    ]
    sortable_by = ["at"]
    fields = [
        "at",
        "kind",
        "address",
        "domain",
        "actor",
        "network_address",
        "detail_text",
        "reason",
    ]
    list_filter = [TimeFilter, DomainFilter, ActorFilter, NetworkFilter, "kind"]
    search_fields = ["address__startswith"]
    search_help_text = _("Beginning of a mailbox's address")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export)
        name = "accounts_securityevent_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def has_export_permission(self, request: HttpRequest) -> bool:
        permission = "accounts.export_securityevent"
        return self.has_view_permission(request) and request.user.has_perm(permission)

    def changelist_view(
        self, request: HttpRequest, extra_context: Context | None = None
    ) -> HttpResponse:
        extra_context = (extra_context or {}) | {
            "has_export_permission": self.has_export_permission(request),
            "most_rows": number_format(export.MAX_ROWS, force_grouping=True),
        }
        return super().changelist_view(request, extra_context)

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """Send the list with the same filters as CSV; the export is recorded."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:accounts_securityevent_changelist")
        rows = self.get_changelist_instance(request).queryset
        listed = request.GET.urlencode()
        events.record(Kind.EXPORTED, None, by=actor(request), listed=listed)
        return export.stream_csv("security-events", HEADER, _export_rows(rows))

    @admin.display(description=_("what"))
    def detail_text(self, event: SecurityEvent) -> str:
        advice = textmessages.get_advice(event)
        # The advice says the reason in words.
        omit = "reason" if advice else ""
        text = words.describe_for_people(event.kind, event.detail, omit=omit)
        parts = [each for each in (text, advice) if each]
        return format_html_join(". ", "{}", ((each,) for each in parts))


NONE = "(none)"
HEADER = ["time", "event", "address", "domain", "who", "from", "what", "reason"]


def describe_detail(detail: Mapping[str, object]) -> str:
    """Return the detail of an event in one line of the export, as it is stored.

    For a bulk action that ended, `changed` is the number of changed records.
    """
    changed = detail.get("changed")
    if not isinstance(changed, dict):
        changed = {}
    parts = [
        f"{name}: {value}" for name, value in detail.items() if value is not changed
    ]
    parts += [
        f"{name}: {old or '(none)'} → {new or '(none)'}"
        for name, (old, new) in changed.items()
    ]
    return "; ".join(parts)


def _export_rows(rows: QuerySet[SecurityEvent]) -> Iterator[list[object]]:
    """Yield a line for each event, the newest first, up to `export.MAX_ROWS`."""
    for row in rows[: export.MAX_ROWS].iterator(chunk_size=1000):
        yield [
            row.at.isoformat(timespec="seconds"),
            row.kind,
            row.address,
            row.domain,
            row.actor,
            row.network_address,
            describe_detail(row.detail),
            row.reason,
        ]


class ProtocolFilter(ChoiceFilter):
    title = _("protocol")
    parameter_name = "protocol"
    options = [
        (each.key, each.label, methodcaller("filter", protocol=each.key))
        for each in PROTOCOLS
    ]


class LastTimeFilter(TimeFilter):
    field = "last_at"


class CutoffDomainFilter(MailboxDomainFilter):
    """Also finds the cut-offs of a whole domain, which have no mailbox."""

    def filter_by_text(self, rows: Rows, text: str) -> Rows:
        domains = Domain.objects.filter(name=text)
        return rows.filter(roles.in_domains(Cutoff, domains))


class OpenFilter(ChoiceFilter):
    title = _("outstanding")
    parameter_name = "open"
    options = [
        ("yes", _("Not yet carried out"), lambda rows: rows.unconfirmed()),
        (
            "failing",
            _("Failing"),
            lambda rows: rows.filter(failures__gt=0, due_at__isnull=False),
        ),
    ]


@admin.register(Cutoff)
class CutoffAdmin(ReadOnlyAdmin[Cutoff]):
    list_display = ["created_at", "login_mask", "node", "kicks", "failures", "due_at"]
    fields = ["created_at", "login_mask", "node", "kicks", "failures", "due_at"]
    list_filter = [OpenFilter, CutoffDomainFilter]
    sortable_by = ["created_at"]
    search_fields = ["login_mask__startswith"]
    search_help_text = _("Beginning of the logon name")


@admin.register(Logon)
class LogonAdmin(ReadOnlyAdmin[Logon]):
    """Logons by mail and their results, from the logs of the mail servers."""

    list_display = [
        "last_at",
        "account",
        "client_password",
        "protocol_name",
        "reason",
        "network_address",
        "count",
        "node",
    ]
    readonly_fields = ["with_web_password", "protocol_name"]
    fields = [
        "account",
        "client_password",
        "with_web_password",
        "protocol_name",
        "reason",
        "network_address",
        "node",
        "first_at",
        "last_at",
        "count",
    ]
    list_select_related = ["account", "client_password"]
    list_filter = ["reason", ProtocolFilter, LastTimeFilter, OwnDomainFilter]
    sortable_by = ["last_at"]
    search_fields = ["account__address__startswith"]
    search_help_text = _("Beginning of a mailbox's address")

    @admin.display(description=_("with the web password"), boolean=True)
    def with_web_password(self, logon: Logon) -> bool:
        return logon.by_web_password

    @admin.display(description=_("protocol"))
    def protocol_name(self, logon: Logon) -> str:
        return logon.protocol.upper()
