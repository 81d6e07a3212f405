"""What is known of the last days, within what a reader sees. One query.

The number of queries and of the rows that they return depends on the days alone, not on
mailboxes and domains.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from typing import Any, NamedTuple

from django.db.models import (
    CharField,
    DateField,
    IntegerField,
    Model,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts.models import Domain, Policy, SecurityEvent
from clientpasswords.models import DailyLogons, Logon
from provisioning.models import (
    DailyCodes,
    DailyFigures,
    HostCodes,
    HostFigures,
    HostLogons,
)

DAYS = 30
WEEKS = 52
# So many domains are offered in a list; where there are more, the name is typed.
MOST_OFFERED = 30
DAY = timedelta(days=1)
# The columns of a part of the union, besides its name and the day.
TEXTS, NUMBERS = 3, 4

Rows = QuerySet[Any, Any]


class Scope(NamedTuple):
    """The domains that the reader sees, or the one of them that they chose."""

    domains: QuerySet[Domain]
    # The name of the chosen one, or "".
    name: str
    # All that the reader sees, to choose from.
    visible: QuerySet[Domain]
    is_whole_host: bool


class Figures(NamedTuple):
    """The figures of one day; see `DailyFigures`."""

    active: int
    off_the_web_password: int
    by_web_password: int
    required_soon: int


class LogonsKey(NamedTuple):
    """What logons have in common that are counted together."""

    day: date
    protocol: str
    reason: str
    let_in_by: str


@dataclass
class History:
    """What is known of the last days."""

    # In the server's time zone; and in UTC, by which codes are limited and counted.
    today: date
    today_of_codes: date
    # The models whose lists the reader may open.
    of: Collection[type[Model]]
    # Of each of the last `DAYS`, and of one day in each week before.
    figures: dict[date, Figures] = field(default_factory=dict)
    logons: Counter[LogonsKey] = field(default_factory=Counter)
    codes: Counter[date] = field(default_factory=Counter)
    # When a policy of these domains began to require security passwords, or will.
    required_from: list[date] = field(default_factory=list)
    # The domains to choose from, by name; none if there are more than `MOST_OFFERED`.
    offered: list[str] = field(default_factory=list)


def list_last_days(today: date) -> list[date]:
    """Return the last `DAYS`, the oldest first."""
    return [today - number * DAY for number in reversed(range(DAYS))]


def read_history(scope: Scope, models: Collection[type[Model]]) -> History:
    """Return what the plots of these models show. One query."""
    now, zone = timezone.now(), timezone.get_default_timezone()
    today, today_of_codes = now.astimezone(zone).date(), now.astimezone(UTC).date()
    history = History(today, today_of_codes, models)
    parts = [
        _select_figures(scope, history),
        _select_required_dates(scope),
        _select_domains(scope, history),
    ]
    if Logon in models:
        parts.append(_select_logons(scope, history))
    if SecurityEvent in models:
        parts.append(_select_codes(scope, history))
    first, *others = parts
    for source, day, *values in first.union(*others, all=True):
        _ADD[source](history, day, values[:TEXTS], values[TEXTS:])
    history.required_from.sort()
    history.offered.sort()
    if len(history.offered) > MOST_OFFERED:
        history.offered.clear()
    return history


def _select_figures(scope: Scope, history: History) -> Rows:
    days = list_last_days(history.today)
    days += [history.today - number * 7 * DAY for number in range(WEEKS + 1)]
    rows = _find_rows(scope, DailyFigures, HostFigures).filter(day__in=days)
    return _select("figures", rows, "day", numbers=Figures._fields)


def _select_required_dates(scope: Scope) -> Rows:
    """Select the days from which a policy of these domains requires them."""
    oldest = timezone.now() - WEEKS * 7 * DAY
    rows = Policy.objects.filter(
        Q(domains__in=scope.domains) | Q(departments__domain__in=scope.domains),
        client_passwords_required=True,
        report_only=False,
        required_from__gt=oldest,
    )
    zone = timezone.get_default_timezone()
    on = rows.annotate(day=TruncDate("required_from", tzinfo=zone))
    return _select("required", on, "day")


def _select_domains(scope: Scope, history: History) -> Rows:
    """Select the names of the first domains, and one more than are offered."""
    some = scope.visible.order_by("pk").values("pk")[: MOST_OFFERED + 1]
    today = Value(history.today, output_field=DateField())
    rows = Domain.objects.filter(pk__in=some).annotate(day=today)
    return _select("domain", rows, "day", texts=["name"])


def _select_logons(scope: Scope, history: History) -> Rows:
    since = history.today - DAYS * DAY
    rows = _find_rows(scope, DailyLogons, HostLogons).filter(day__gt=since)
    texts = LogonsKey._fields[1:]
    return _select("logons", rows, "day", texts=texts, numbers=["count"])


def _select_codes(scope: Scope, history: History) -> Rows:
    since = history.today_of_codes - DAYS * DAY
    rows = _find_rows(scope, DailyCodes, HostCodes).filter(day__gt=since)
    return _select("codes", rows, "day", numbers=["count"])


def _find_rows(scope: Scope, daily: type[Model], host: type[Model]) -> Rows:
    """Return the rows of the domains, or their sums for those who see all of them."""
    if scope.is_whole_host:
        return QuerySet(host)
    return QuerySet(daily).filter(domain__in=scope.domains.values("pk"))


def _select(
    source: str,
    rows: Rows,
    day: str,
    *,
    texts: Sequence[str] = (),
    numbers: Sequence[str] = (),
) -> Rows:
    """Select the sums of the numbers by day and texts, as a part of a union."""
    constants: dict[str, Value] = {
        "source": Value(source, output_field=CharField()),
        **{
            f"text_{place}": Value("", output_field=CharField())
            for place in range(len(texts), TEXTS)
        },
    }
    sums = {
        f"number_{place}": Sum(numbers[place])
        if place < len(numbers)
        else Value(0, output_field=IntegerField())
        for place in range(NUMBERS)
    }
    others = [name for name in constants if name != "source"]
    columns = ["source", day, *texts, *others]
    grouped = rows.order_by().annotate(**constants).values(*columns)
    selected: Rows = grouped.annotate(**sums).values_list(*columns, *sums)
    return selected


Texts = list[str]
Numbers = list[int]


def _add_figures(history: History, day: date, _texts: Texts, numbers: Numbers) -> None:
    history.figures[day] = Figures(*numbers)


def _add_logons(history: History, day: date, texts: Texts, numbers: Numbers) -> None:
    history.logons[LogonsKey(day, *texts)] += numbers[0]


def _add_codes(history: History, day: date, _texts: Texts, numbers: Numbers) -> None:
    history.codes[day] += numbers[0]


def _add_required_date(
    history: History, day: date, _texts: Texts, _numbers: Numbers
) -> None:
    if day not in history.required_from:
        history.required_from.append(day)


def _add_domain(history: History, _day: date, texts: Texts, _numbers: Numbers) -> None:
    history.offered.append(texts[0])


_ADD: dict[str, Callable[[History, date, Texts, Numbers], None]] = {
    "figures": _add_figures,
    "required": _add_required_date,
    "domain": _add_domain,
    "logons": _add_logons,
    "codes": _add_codes,
}
