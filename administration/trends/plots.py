"""The plots of the first page.

Each plot leads to a list, is left out where its reader may not open that list, and has
a sentence in place of its picture while nothing is known. To add one, write its
function and name it in `BUILDERS`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.admin import site
from django.db.models import Model
from django.urls import reverse
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from accounts.models.protocols import PROTOCOLS_BY_KEY
from administration.plots import pictures
from administration.plots.pictures import Line, Mark, Stack
from administration.plots.scales import choose_ticks, place_day
from administration.trends.reading import History, Scope, list_last_days
from clientpasswords import refusals
from clientpasswords.models import DailyLogons, Logon

LetInBy = DailyLogons.LetInBy
REFUSED = "refused"
# The results of logons from the foot of a bar to its top, and their looks.
RESULTS = {
    LetInBy.SECURITY_PASSWORD: "first",
    LetInBy.WEB_PASSWORD: "second",
    LetInBy.WEBMAIL: "third",
    REFUSED: "refused",
}
# A date that is so many days ahead is within the picture.
MOST_AHEAD = 90
# A limit that is so many times higher than the highest bar is not drawn.
MOST_ABOVE = 5


@dataclass(frozen=True)
class Bar:
    """A line of a plot of bars that lie; it leads to a list of its own."""

    name: str
    count: str
    picture: SafeString
    list: str


@dataclass(frozen=True)
class Drawn:
    """A picture, and what stands around it."""

    picture: SafeString | str = ""
    # From the foot to the top, and from left to right.
    ticks: Sequence[str] = ()
    days: Sequence[str] = ()
    keys: Sequence[tuple[SafeString, str]] = ()


@dataclass(frozen=True)
class Plot:
    """A plot as its template shows it."""

    key: str
    title: str
    # What it says in a sentence, or why there is nothing to see.
    summary: str
    list: str
    list_name: str
    # Its table, whose heads may be signs with a name for screen readers; or bars, which
    # are a table as well.
    header: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    bars: Sequence[Bar] = ()
    drawn: Drawn = Drawn()


def build_plots(history: History, scope: Scope) -> list[Plot]:
    """Return the plots of the lists that the history was read for."""
    return [build(history, scope) for model, build in BUILDERS if model in history.of]


def make_list_url(model: type[Model], scope: Scope, **query: object) -> str:
    """Return the address of a list, narrowed to the domain if one was chosen."""
    opts = site.get_model_admin(model).opts
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    parameters = query | ({"in": scope.name} if scope.name else {})
    return f"{page}?{urlencode(parameters)}" if parameters else page


def format_count(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


# --- logons ---------------------------------------------------------------------------


def build_logons_plot(history: History, scope: Scope) -> Plot:
    """Draw the logons of each day by their result."""
    days = list_last_days(history.today)
    counts: Counter[tuple[str, date]] = Counter()
    for key, count in history.logons.items():
        counts[key.let_in_by or REFUSED, key.day] += count
    stacks = {
        look: [counts[result, day] for day in days] for result, look in RESULTS.items()
    }
    total, refused = sum(counts.values()), sum(stacks["refused"])
    summary = _("%(all)s logons in 30 days; %(share)s %% of them were refused.") % {
        "all": format_count(total),
        "share": _share(refused, total),
    }
    names = [
        _("With a security password"),
        _("With the web password"),
        _("By the webmail"),
        _("Refused"),
    ]
    keys = [
        (pictures.draw_key(look), name)
        for look, name in zip(stacks, names, strict=True)
    ]
    return Plot(
        "logons",
        _("Mail logons a day"),
        summary if total else _no_logons(),
        make_list_url(Logon, scope, since=30),
        _("Mail logons"),
        header=[_("Day"), *(_head_with(sign, name) for sign, name in keys)],
        rows=_make_rows(days, stacks.values()) if total else [],
        drawn=replace(_draw_days(days, stacks), keys=keys) if total else Drawn(),
    )


def build_refusals_plot(history: History, scope: Scope) -> Plot:
    """Draw how many logons were refused for each reason."""
    counts: Counter[str] = Counter()
    for key, count in history.logons.items():
        if key.reason:
            counts[key.reason] += count
    bars = [
        (refusals.describe(reason), count, {"reason__exact": reason})
        for reason, count in counts.most_common()
    ]
    none = _("No logon was refused in the last 30 days.")
    summary = _("The most frequent reason: %(reason)s.") % {
        "reason": bars[0][0] if bars else ""
    }
    return Plot(
        "refusals",
        _("Refused in 30 days, by reason"),
        summary if bars else none if history.logons else _no_logons(),
        make_list_url(Logon, scope, since=30),
        _("Mail logons"),
        header=[_("Reason"), _("Logons")],
        bars=_draw_bars(bars, scope, "refused"),
    )


def build_protocols_plot(history: History, scope: Scope) -> Plot:
    """Draw how many logons were let in by each protocol."""
    counts: Counter[str] = Counter()
    for key, count in history.logons.items():
        if not key.reason and key.protocol in PROTOCOLS_BY_KEY:
            counts[key.protocol] += count
    bars = [
        (PROTOCOLS_BY_KEY[key].label, counts[key], {"protocol": key})
        for key in PROTOCOLS_BY_KEY
        if counts
    ]
    return Plot(
        "protocols",
        _("Let in during 30 days, by protocol"),
        _("What is not used can be turned off in a policy.") if bars else _no_logons(),
        make_list_url(Logon, scope, since=30),
        _("Mail logons"),
        header=[_("Protocol"), _("Logons")],
        bars=_draw_bars(bars, scope, "first"),
    )


def _no_logons() -> str:
    return _(
        "No mail logon was counted in the last 30 days. “manage.py follow_logons” "
        "counts them on each mail server."
    )


# --- mailboxes ------------------------------------------------------------------------


def build_adoption_plot(history: History, scope: Scope) -> Plot:
    """Draw which share of the mailboxes is off the web password, over a year."""
    days = sorted(day for day, row in history.figures.items() if row.active)
    shares = {
        day: history.figures[day].off_the_web_password / history.figures[day].active
        for day in days
    }
    summary, drawn = _no_figures(), Drawn()
    if days:
        last = history.figures[days[-1]]
        summary = _(
            "%(off)s of %(all)s active mailboxes need security passwords (%(share)s %%)"
            "; in the others mail programs may use the web password."
        ) % {
            "off": format_count(last.off_the_web_password),
            "all": format_count(last.active),
            "share": _share(last.off_the_web_password, last.active),
        }
        ticks = [0, 25, 50, 75, 100]
        drawn = _draw_course({"first": shares}, ticks, history, unit=" %")
    return Plot(
        "adoption",
        _("Off the web password"),
        summary,
        make_list_url(Account, scope, is_active__exact=1, web="refused"),
        _("Mailboxes that need security passwords"),
        header=[_("Day"), _("Off the web password"), _("Active"), "%"],
        rows=[
            [
                _format_day(day),
                format_count(history.figures[day].off_the_web_password),
                format_count(history.figures[day].active),
                format_count(round(100 * shares[day])),
            ]
            for day in reversed(days)
        ],
        drawn=drawn,
    )


def build_roll_out_plot(history: History, scope: Scope) -> Plot:
    """Draw how many mailboxes still use the web password, until it is refused.

    It begins when the date was set, and ends on that date. Without a date to come, it
    shows the last days.
    """
    until = max(history.required_from, default=history.today)
    is_set = until > history.today
    days = _list_roll_out_days(history, is_set=is_set)
    left = {day: history.figures[day].by_web_password for day in days}
    summary, drawn = _no_figures(), Drawn()
    if days:
        summary = _describe_roll_out(left[days[-1]], until if is_set else None)
        drawn = _draw_roll_out(left, until if is_set else None, history)
    return Plot(
        "roll-out",
        _("Still on the web password"),
        summary,
        make_list_url(Account, scope, web="used"),
        _("Mailboxes that use the web password in mail programs"),
        header=[_("Day"), _("Mailboxes")],
        rows=[[_format_day(day), format_count(left[day])] for day in reversed(days)],
        drawn=drawn,
    )


def _list_roll_out_days(history: History, *, is_set: bool) -> list[date]:
    """Return the counted days since the date was set; without one, the last days."""
    days = sorted(history.figures)
    if is_set:
        begun = [day for day in days if not history.figures[day].required_soon]
        since = [day for day in days if not begun or day > begun[-1]]
        if since:
            return since
    return [day for day in days if day in list_last_days(history.today)]


def _describe_roll_out(left: int, until: date | None) -> str:
    if until is None:
        return _(
            "Mailboxes whose mail programs used the web password in the last 30 days, "
            "and still may: %(left)s. No date is set on which it will be refused."
        ) % {"left": format_count(left)}
    return _(
        "Mailboxes whose mail programs used the web password in the last 30 days, and "
        "still may: %(left)s. It will be refused on %(day)s."
    ) % {"left": format_count(left), "day": _format_day(until)}


def _draw_roll_out(
    left: Mapping[date, int], until: date | None, history: History
) -> Drawn:
    ticks = choose_ticks(max(left.values()))
    days = list(left)
    lines = {"first": {day: count / ticks[-1] for day, count in left.items()}}
    names = [_("Mailboxes")]
    if until:
        lines["pace"] = {days[0]: left[days[0]] / ticks[-1], until: 0.0}
        names.append(_("At an even pace"))
    keys = [
        (pictures.draw_key(look, is_line=True), name)
        for look, name in zip(lines, names, strict=True)
    ]
    return replace(_draw_course(lines, ticks, history), keys=keys if until else [])


def _no_figures() -> str:
    return _(
        "Mailboxes have not been counted yet. “manage.py work_jobs” counts them every "
        "five minutes, and keeps the last count of each day."
    )


# --- text messages --------------------------------------------------------------------


def build_codes_plot(history: History, scope: Scope) -> Plot:
    """Draw the text messages with codes of each day, and their limit."""
    days, most = list_last_days(history.today_of_codes), settings.CODES_PER_DAY
    counts = [history.codes[day] for day in days]
    total, highest = sum(counts), max(counts)
    summary = _(
        "%(all)s in 30 days, %(highest)s on the busiest; the limit of the whole host "
        "is %(most)s a day. Days begin at midnight (UTC), as for the limit."
    ) % {
        "all": format_count(total),
        "highest": format_count(highest),
        "most": format_count(most),
    }
    marks = []
    ticks = choose_ticks(highest)
    if most <= highest * MOST_ABOVE:
        ticks = choose_ticks(max(most, highest))
        label = _("Limit of the whole host")
        marks = [Mark(most / ticks[-1], label, is_level=True)]
    none = _("No text message with a code was counted in the last 30 days.")
    return Plot(
        "codes",
        _("Text messages with codes a day"),
        summary if total else none,
        make_list_url(SecurityEvent, scope, kind__exact=Kind.CODE_SENT, since=30),
        _("Codes sent"),
        header=[_("Day"), _("Text messages")],
        rows=_make_rows(days, [counts]) if total else [],
        drawn=_draw_days(days, {"first": counts}, ticks, marks) if total else Drawn(),
    )


# --- what they share ------------------------------------------------------------------


def _draw_days(
    days: Sequence[date],
    stacks: Mapping[str, Sequence[int]],
    ticks: Sequence[int] = (),
    marks: Iterable[Mark] = (),
) -> Drawn:
    """Draw a bar for each day, of stacks by their looks."""
    totals = [sum(values) for values in zip(*stacks.values(), strict=True)]
    ticks = ticks or choose_ticks(max(totals))
    names = [
        f"{_format_day(day)}: {format_count(total)}"
        for day, total in zip(days, totals, strict=True)
    ]
    drawn = [Stack(look, values) for look, values in stacks.items()]
    return Drawn(
        pictures.draw_bars(drawn, names, ticks, marks),
        [format_count(tick) for tick in ticks],
        [_format_axis(days[place]) for place in (0, len(days) // 2, -1)],
    )


def _draw_course(
    lines: Mapping[str, Mapping[date, float]],
    ticks: Sequence[int],
    history: History,
    unit: str = "",
) -> Drawn:
    """Draw lines over days, with a mark where security passwords become required."""
    days = sorted({day for points in lines.values() for day in points})
    soon = history.today + timedelta(days=MOST_AHEAD)
    days += [day for day in history.required_from if days[-1] < day <= soon]
    first, last = days[0], days[-1]
    drawn = [
        Line(look, [(place_day(day, first, last), y) for day, y in points.items()])
        for look, points in lines.items()
    ]
    # Several would cover each other.
    dates = [day for day in history.required_from if first <= day <= last][-1:]
    marks = [
        Mark(place_day(day, first, last), _("Required from %s") % _format_axis(day))
        for day in dates
    ]
    middle = first + (last - first) // 2
    return Drawn(
        pictures.draw_lines(drawn, ticks, marks),
        [format_count(tick) + unit for tick in ticks],
        [_format_axis(day) for day in dict.fromkeys([first, middle, last])],
    )


def _draw_bars(
    bars: Sequence[tuple[str, int, dict[str, str]]], scope: Scope, look: str
) -> list[Bar]:
    """Draw a bar for each name and count; its list is that of logons, narrowed."""
    most = max((count for _name, count, _query in bars), default=0)
    return [
        Bar(
            name,
            format_count(count),
            pictures.draw_single_bar(count / most if most else 0, look),
            make_list_url(Logon, scope, since=30, **query),
        )
        for name, count, query in bars
    ]


def _head_with(sign: SafeString, name: str) -> SafeString:
    """Return the head of a column that a phone has room for beside three others."""
    return format_html('{}<span class="visually-hidden">{}</span>', sign, name)


def _make_rows(
    days: Sequence[date], columns: Iterable[Sequence[int]]
) -> list[list[str]]:
    """Return the rows of a table, the newest day first."""
    rows = zip(days, *columns, strict=True)
    return [[_format_day(day), *map(format_count, counts)] for day, *counts in rows][
        ::-1
    ]


def _share(part: int, whole: int) -> str:
    return format_count(part * 100 // whole if whole else 0)


def _format_day(day: date) -> str:
    return date_format(day, "DATE_FORMAT")


def _format_axis(day: date) -> str:
    return date_format(day, "MONTH_DAY_FORMAT")


Builder = Callable[[History, Scope], Plot]
# In the order of the page, with the model whose list each leads to.
BUILDERS: list[tuple[type[Model], Builder]] = [
    (Logon, build_logons_plot),
    (Logon, build_refusals_plot),
    (Account, build_adoption_plot),
    (Account, build_roll_out_plot),
    (SecurityEvent, build_codes_plot),
    (Logon, build_protocols_plot),
]
MODELS = frozenset(model for model, _build in BUILDERS)
