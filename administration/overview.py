"""The first page: where the host stands, what needs attention, and how it came there.

Each number links to a list, and counts the rows that the administrator sees there. With
`?domain=` all of it is of one domain.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.contrib.admin import site
from django.db.models import Count, Exists, Model, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from accounts import addresses
from accounts.events import Kind
from accounts.models import Account, Cutoff, Domain, Heartbeat, SecurityEvent
from administration import guide
from administration.base.display import NOTHING
from administration.base.filters import start_of_day
from administration.base.parameters import can_be_found
from administration.guide import Guide
from administration.mailboxes.filters import ends_soon
from administration.trends.plots import (
    MODELS,
    Plot,
    build_plots,
    format_count,
    make_list_url,
)
from administration.trends.reading import Scope, read_history
from clientpasswords.models import ClientPassword, FollowedLog
from provisioning import roles, statistics

M = TypeVar("M", bound=Model)
# The parameter of the address that names the domain.
DOMAIN = "domain"

Codes = tuple[Kind, StrOrPromise, StrOrPromise]
WHY = gettext_lazy("The list says why, and what to do.")
CODES_SENT: Codes = (
    Kind.CODE_SENT,
    gettext_lazy("Text messages with codes since midnight (UTC)"),
    "",
)
CODES_LOST: list[Codes] = [
    (Kind.CODE_NOT_SENT, gettext_lazy("Codes not sent since midnight (UTC)"), WHY),
    (
        Kind.CODE_UNDELIVERED,
        gettext_lazy("Codes not delivered since midnight (UTC)"),
        WHY,
    ),
    (
        Kind.NOTICE_NOT_SENT,
        gettext_lazy("Notices by text message not sent since midnight (UTC)"),
        WHY,
    ),
]


@dataclass(frozen=True)
class Tile:
    """A number that is seen from afar."""

    name: str
    value: str
    list: str
    note: str = ""
    is_bad: bool = False


@dataclass(frozen=True)
class OverviewLine:
    """One line of what may need attention."""

    text: str
    # None: it was not counted yet.
    count: int | None
    list: str
    note: str = ""
    is_urgent: bool = True

    @property
    def number(self) -> str:
        return NOTHING if self.count is None else format_count(self.count)


@dataclass(frozen=True)
class Choice:
    """The form that chooses a domain."""

    name: str
    # Nothing if there are too many: then the name is typed.
    offered: list[str]
    is_unknown: bool

    @property
    def is_shown(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.offered) != 1 or self.is_unknown


@dataclass(frozen=True)
class Overview:
    """What the first page shows, and when its figures of mailboxes were counted."""

    choice: Choice
    tiles: list[Tile]
    attention: list[OverviewLine]
    as_of: datetime | None
    is_old: bool
    # Of site operators alone.
    services: list[Heartbeat]
    plots: list[Plot]


def build_start_page(request: HttpRequest) -> tuple[Overview | None, Guide | None]:
    """Return the overview and the guide of this administrator. Four queries at most.

    One counts what the overview shows of now, and what the guide needs to know.
    """
    questions = guide.list_questions(request)
    services = Heartbeat.objects.with_missing() if _may_see(request, Heartbeat) else []
    overview: Overview | None = None
    counts: dict[str, int] = {}
    if _may_see(request, Account):
        overview, counts = _build_overview(request, services, questions)
    elif questions:
        counts = _count_all(questions)
    answers = {key: counts[key] for key in questions}
    return overview, guide.build_guide(request, answers, services)


def _build_overview(
    request: HttpRequest,
    services: list[Heartbeat],
    questions: Mapping[str, QuerySet[Any]],
) -> tuple[Overview, dict[str, int]]:
    """Return the overview, and the numbers of rows of the questions. Three queries."""
    name = addresses.normalise_domain(request.GET.get(DOMAIN, ""))
    scope, figures = _choose_domain(request, name)
    history = read_history(scope, [each for each in MODELS if _may_see(request, each)])
    selected = _select_attention(request, scope)
    rows = {each.text: each.rows for each in selected}
    counts = _count_all({**rows, **questions})
    sent, attention = _list_attention(selected, counts, scope)
    attention += _list_figures(figures, scope)
    tiles = [
        *_list_mailbox_tiles(figures, scope),
        _make_attention_tile(attention, services),
        *_list_code_tiles(sent),
        *_list_service_tiles(services),
    ]
    as_of = figures["as_of"]
    overview = Overview(
        Choice(name, history.offered, is_unknown=name != scope.name),
        tiles,
        attention,
        as_of,
        as_of is not None and statistics.is_outdated(as_of),
        services,
        build_plots(history, scope),
    )
    return overview, counts


def _choose_domain(request: HttpRequest, name: str) -> tuple[Scope, statistics.Figures]:
    """Return the chosen domain, or all that the reader sees, and their figures.

    One query: if the reader sees no domain of that name, the figures are of all.
    """
    visible = roles.visible(request.user, Domain)
    one = visible.filter(name=name if can_be_found(name) else "")
    figures = statistics.sum_figures(visible.filter(Q(pk__in=one) | ~Exists(one)))
    if name and figures["first_domain"] == name:
        return Scope(one, name, visible, is_whole_host=False), figures
    is_whole = roles.sees_whole_host(request.user)
    return Scope(visible, "", visible, is_whole_host=is_whole), figures


# --- tiles ----------------------------------------------------------------------------


def _list_mailbox_tiles(counted: statistics.Figures, scope: Scope) -> list[Tile]:
    active, off = counted["active"], counted["off_the_web_password"]
    numbers, notes = [format_count(active), format_count(off)], ["", ""]
    if counted["as_of"] is None:
        numbers = [NOTHING, NOTHING]
        notes = [_("not counted yet; the portal counts every five minutes")] * 2
    elif active:
        notes[1] = _("%(share)s %% of %(all)s active mailboxes") % {
            "share": off * 100 // active,
            "all": format_count(active),
        }
    names = [_("Active mailboxes"), _("Mailboxes that need security passwords")]
    lists = [
        make_list_url(Account, scope, is_active__exact=1),
        make_list_url(Account, scope, is_active__exact=1, web="refused"),
    ]
    return [*map(Tile, names, numbers, lists, notes)]


def _make_attention_tile(
    attention: list[OverviewLine], services: list[Heartbeat]
) -> Tile:
    urgent = sum(1 for line in attention if line.is_urgent and line.count)
    urgent += sum(1 for service in services if not service.is_well)
    note = _("listed on this page") if urgent else _("nothing is urgent")
    name = _("Need attention")
    return Tile(name, format_count(urgent), "#attention", note, is_bad=urgent > 0)


def _list_code_tiles(sent: list[OverviewLine]) -> list[Tile]:
    most = format_count(settings.CODES_PER_DAY)
    note = _("of %(most)s a day for the whole host") % {"most": most}
    return [Tile(line.text, line.number, line.list, note) for line in sent]


def _list_service_tiles(services: list[Heartbeat]) -> list[Tile]:
    if not services:
        return []
    running = sum(1 for service in services if service.is_well)
    return [
        Tile(
            _("Services that run"),
            format_count(running),
            reverse("admin:accounts_heartbeat_changelist"),
            _("of %(all)s") % {"all": format_count(len(services))},
            is_bad=running < len(services),
        )
    ]


# --- what may need attention ----------------------------------------------------------


class _Selected(NamedTuple):
    """Rows that are to be counted, and the query of the list that shows them."""

    text: str
    rows: QuerySet[Any]
    query: Mapping[str, object]
    note: str = ""


def _select_attention(request: HttpRequest, scope: Scope) -> list[_Selected]:
    """Return the rows that are to be counted, of the models that the reader may see."""
    codes = [_select_codes(request, scope, each) for each in (CODES_SENT, *CODES_LOST)]
    selected = [*codes, *_select_others(request, scope)]
    return [each for each in selected if _may_see(request, each.rows.model)]


def _list_attention(
    selected: Iterable[_Selected], counts: Mapping[str, int], scope: Scope
) -> tuple[list[OverviewLine], list[OverviewLine]]:
    """Return the codes that were sent today, and what may need attention.

    The first list is empty for those who may not see codes.
    """
    lines = [
        OverviewLine(
            each.text,
            counts[each.text],
            make_list_url(each.rows.model, scope, **each.query),
            each.note,
        )
        for each in selected
    ]
    sent = [line for line in lines if line.text == str(CODES_SENT[1])]
    return sent, [line for line in lines if line not in sent]


def _select_codes(request: HttpRequest, scope: Scope, codes: Codes) -> _Selected:
    kind, text, note = codes
    rows = _find_rows(request, scope, SecurityEvent)
    today = rows.filter(kind=kind, at__gte=start_of_day())
    query = {"kind__exact": kind, "since": "midnight"}
    return _Selected(str(text), today, query, str(note))


def _select_others(request: HttpRequest, scope: Scope) -> list[_Selected]:
    unconfirmed = _find_rows(request, scope, Cutoff) & Cutoff.objects.unconfirmed()
    silent = _find_rows(request, scope, FollowedLog) & FollowedLog.objects.silent()
    ending = _find_rows(request, scope, Account).filter(ends_soon())
    return [
        _Selected(
            _("Cut-offs not yet confirmed by a mail server"),
            unconfirmed,
            {"open": "yes"},
        ),
        _Selected(_("Mail server logs that are not read"), silent, {"silent": "yes"}),
        _Selected(
            _("Exceptions that end within 30 days"), ending, {"exception": "ending"}
        ),
    ]


def _list_figures(counted: statistics.Figures, scope: Scope) -> list[OverviewLine]:
    """Return what the counting job counted of mailboxes and security passwords."""
    found: Mapping[str, Any] = counted if counted["as_of"] is not None else {}
    return [
        OverviewLine(
            _("Mailboxes whose codes are locked"),
            found.get("locked"),
            make_list_url(Account, scope, phone="locked"),
        ),
        OverviewLine(
            _("Mailboxes at their limit"),
            found.get("full"),
            make_list_url(Account, scope, has="full"),
            is_urgent=False,
        ),
        OverviewLine(
            _("Security passwords unused for 90 days"),
            found.get("idle"),
            make_list_url(ClientPassword, scope, use="idle"),
            is_urgent=False,
        ),
        OverviewLine(
            _("Security passwords never used"),
            found.get("never_used"),
            make_list_url(ClientPassword, scope, use="never"),
            is_urgent=False,
        ),
    ]


def _count_all(several: Mapping[str, QuerySet[Any]]) -> dict[str, int]:
    """Return the number of rows of each queryset. One query."""
    keys = [*several]
    first, *others = (
        several[key]
        .values(number=Value(number))
        .annotate(count=Count("pk"))
        .values_list("number", "count")
        for number, key in enumerate(keys)
    )
    found = dict(first.union(*others, all=True))
    return {key: found.get(number, 0) for number, key in enumerate(keys)}


def _find_rows(request: HttpRequest, scope: Scope, model: type[M]) -> QuerySet[M]:
    """Return the rows of this reader; only of the domain if one was chosen."""
    rows = site.get_model_admin(model).get_queryset(request).order_by()
    if scope.name and model in roles.SCOPES:
        rows = rows.filter(roles.in_domains(model, scope.domains))
    return rows


def _may_see(request: HttpRequest, model: type[Model]) -> bool:
    return site.get_model_admin(model).has_view_permission(request)
