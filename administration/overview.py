"""The overview on the first page: the roll-out of security passwords, and open tasks.

Each number links to a list, and counts the rows that the administrator sees there.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.conf import settings
from django.contrib.admin import site
from django.db.models import Count, Model, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.events import Kind
from accounts.models import Account, Cutoff, Domain, SecurityEvent
from administration.base.filters import start_of_day
from administration.mailboxes.filters import ends_soon
from clientpasswords.models import ClientPassword
from provisioning import statistics

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class OverviewLine:
    """One line of the overview."""

    text: str
    count: int
    list: str
    note: str = ""


@dataclass(frozen=True)
class Overview:
    """The lines, and when the figures of mailboxes were counted."""

    numbers: list[OverviewLine]
    as_of: datetime | None
    is_old: bool


def build_overview(request: HttpRequest) -> Overview | None:
    """Return the overview of this administrator, or None. Two queries."""
    if not site.get_model_admin(Account).has_view_permission(request):
        return None
    counted = statistics.sum_figures(_visible_rows(request, Domain))
    numbers = [*_of_mailboxes(counted), *_of_today(request)]
    as_of = counted["as_of"]
    return Overview(numbers, as_of, as_of is not None and statistics.is_outdated(as_of))


def _of_mailboxes(counted: statistics.Figures) -> list[OverviewLine]:
    active, off = counted["active"], counted["off_the_web_password"]
    share = _("%(share)s %% of %(all)s active mailboxes") % {
        "share": off * 100 // active if active else 0,
        "all": active,
    }
    return [
        OverviewLine(
            _("Mailboxes that need security passwords"),
            off,
            _list_url(Account, "is_active__exact=1&web=refused"),
            share,
        ),
        OverviewLine(
            _("Mailboxes at their limit"),
            counted["full"],
            _list_url(Account, "has=full"),
        ),
        OverviewLine(
            _("Security passwords unused for 90 days"),
            counted["idle"],
            _list_url(ClientPassword, "use=idle"),
        ),
        OverviewLine(
            _("Security passwords never used"),
            counted["never_used"],
            _list_url(ClientPassword, "use=never"),
        ),
    ]


def _of_today(request: HttpRequest) -> list[OverviewLine]:
    ending = _visible_rows(request, Account).filter(ends_soon())
    sent = _visible_rows(request, SecurityEvent).filter(
        kind=Kind.CODE_SENT, at__gte=start_of_day()
    )
    most = _("of %(most)s a day for the whole host") % {"most": settings.CODES_PER_DAY}
    open_cutoffs = _visible_rows(request, Cutoff) & Cutoff.objects.unconfirmed()
    lines = [
        (_("Exceptions that end within 30 days"), ending, "exception=ending", ""),
        (
            _("Text messages with codes since midnight (UTC)"),
            sent,
            f"kind__exact={Kind.CODE_SENT}&since=midnight",
            most,
        ),
        (
            _("Cut-offs not yet confirmed by a mail server"),
            open_cutoffs,
            "open=yes",
            "",
        ),
    ]
    lines = [
        line
        for line in lines
        if site.get_model_admin(line[1].model).has_view_permission(request)
    ]
    counts = _count_all([rows for _text, rows, _query, _note in lines])
    return [
        OverviewLine(text, count, _list_url(rows.model, query), note)
        for (text, rows, query, note), count in zip(lines, counts, strict=True)
    ]


def _count_all(several: list[QuerySet[M]]) -> list[int]:
    """Return the number of rows of each queryset. One query."""
    first, *others = (
        rows.values(number=Value(number))
        .annotate(count=Count("pk"))
        .values_list("number", "count")
        for number, rows in enumerate(several)
    )
    found = dict(first.union(*others, all=True))
    return [found.get(number, 0) for number in range(len(several))]


def _visible_rows(request: HttpRequest, model: type[M]) -> QuerySet[M]:
    return site.get_model_admin(model).get_queryset(request).order_by()


def _list_url(model: type[Model], query: str) -> str:
    opts = site.get_model_admin(model).opts
    list_ = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    return f"{list_}?{query}"
