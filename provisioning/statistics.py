"""Figures about mailboxes: counted by the worker, shown on the first page.

`DomainFigures` are those of now; `DailyFigures`, `DailyCodes` and the sums of the host
are those of each day.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypedDict, cast

from django.db import transaction
from django.db.models import Count, Max, Min, Model, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from accounts import phones, retention
from accounts.events import Kind
from accounts.models import Account, Domain, SecurityEvent
from accounts.policy import queries
from clientpasswords import limits, rollout
from clientpasswords.models import ClientPassword, DailyLogons
from clientpasswords.usage import history
from provisioning.models import (
    DailyCodes,
    DailyFigures,
    DomainFigures,
    HostCodes,
    HostFigures,
    HostLogons,
)

RECOUNT_EVERY = timedelta(minutes=5)
# The shortest time between two counts.
MIN_RECOUNT_INTERVAL = timedelta(seconds=10)
FIGURE_NAMES = [
    "active",
    "off_the_web_password",
    "by_web_password",
    "full",
    "idle",
    "never_used",
    "locked",
]
# How many days back mail logons are added up again: those of the plots.
ADDED_UP_DAYS = 31
# Those that are kept by day.
DAILY_NAMES = ["active", "off_the_web_password", "by_web_password", "required_soon"]

Counted = dict[str, dict[int, int]]

Rows = QuerySet[Account] | QuerySet[ClientPassword]


class Figures(TypedDict):
    """Sums over domains, and when the oldest figure was counted."""

    as_of: datetime | None
    # By name; None if there is none.
    first_domain: str | None
    active: int
    off_the_web_password: int
    by_web_password: int
    full: int
    idle: int
    never_used: int
    locked: int


def refresh_figures() -> bool:
    """Count again if the figures are older than `RECOUNT_EVERY`; return whether so."""
    return _count_unless_since(timezone.now() - RECOUNT_EVERY)


def count_now() -> bool:
    """Count again unless that was done just now; return whether they were counted."""
    return _count_unless_since(timezone.now() - MIN_RECOUNT_INTERVAL)


def sum_figures(domains: QuerySet[Domain]) -> Figures:
    """Return the sums over these domains. One query.

    `as_of` is when the oldest figure was counted; None: nothing was counted yet.
    """
    found = domains.order_by().aggregate(
        as_of=Min("figures__counted_at"),
        first_domain=Min("name"),
        **{name: Sum(f"figures__{name}", default=0) for name in FIGURE_NAMES},
    )
    return cast("Figures", found)


def is_outdated(as_of: datetime) -> bool:
    """Whether the worker has not counted for a while."""
    return as_of < timezone.now() - 3 * RECOUNT_EVERY


def _count_unless_since(moment: datetime) -> bool:
    last = DomainFigures.objects.aggregate(last=Min("counted_at"))["last"]
    if last is not None and last > moment:
        return False
    _count_all_domains()
    return True


def forget() -> int:
    """Delete the figures of days beyond their retention; return how many."""
    oldest = timezone.localdate(retention.DAILY_FIGURES.oldest)
    models = (DailyFigures, DailyCodes, HostFigures, HostCodes, HostLogons)
    rows: list[QuerySet[Any]] = [QuerySet(model) for model in models]
    return sum(each.filter(day__lt=oldest).delete()[0] for each in rows)


def _count_all_domains() -> None:
    """Count every domain, in one transaction. Fourteen queries and six writes."""
    with transaction.atomic():
        counted = {
            name: _count_by_domain(*rows) for name, rows in _counted_rows().items()
        }
        # All rows in one order, so that two who count at once cannot deadlock.
        domains = dict(Domain.objects.order_by("pk").values_list("name", "pk"))
        _save_figures(domains, counted)
        _save_codes(domains)
        _add_up_logons()


def _save_figures(domains: dict[str, int], counted: Counted) -> None:
    """Save the figures of now, and as those of today; the last count of a day stays."""
    now, today = timezone.now(), _find_today()
    current, daily = (
        [{name: counted[name].get(pk, 0) for name in names} for pk in domains.values()]
        for names in (FIGURE_NAMES, DAILY_NAMES)
    )
    rows = [
        DomainFigures(domain_id=pk, counted_at=now, **values)
        for pk, values in zip(domains.values(), current, strict=True)
    ]
    _save(rows, ["domain"], ["counted_at", *FIGURE_NAMES])
    days = [
        DailyFigures(domain_id=pk, day=today, **values)
        for pk, values in zip(domains.values(), daily, strict=True)
    ]
    _save(days, ["domain", "day"], DAILY_NAMES)
    sums = {name: sum(values[name] for values in daily) for name in DAILY_NAMES}
    _save([HostFigures(day=today, **sums)], ["day"], DAILY_NAMES)


def _save_codes(domains: dict[str, int]) -> None:
    """Count the codes of each day from the last one that was counted.

    That day and the one before are counted again: codes were sent after the last count,
    or their events were not committed yet.
    """
    last = HostCodes.objects.aggregate(last=Max("day"))["last"]
    since = last - timedelta(days=1) if last else retention.DAILY_FIGURES.oldest.date()
    sent = SecurityEvent.objects.order_by().filter(
        kind=Kind.CODE_SENT, at__gte=datetime.combine(since, time(), UTC)
    )
    days = sent.values_list("domain", TruncDate("at", tzinfo=UTC))
    counts = sorted(days.annotate(count=Count("pk")))
    rows = [
        DailyCodes(domain_id=domains[domain], day=day, count=count)
        for domain, day, count in counts
        if domain in domains
    ]
    _save(rows, ["domain", "day"], ["count"])
    sums: Counter[date] = Counter()
    for _domain, day, count in counts:
        sums[day] += count
    host = [HostCodes(day=day, count=count) for day, count in sorted(sums.items())]
    _save(host, ["day"], ["count"])


def _add_up_logons() -> None:
    """Add up the logons of the last days, which `follow_logons` counts by domain."""
    names = ["day", "protocol", "reason", "let_in_by"]
    since = _find_today() - timedelta(days=ADDED_UP_DAYS)
    found = DailyLogons.objects.filter(day__gte=since).order_by(*names).values(*names)
    rows = [HostLogons(**row) for row in found.annotate(count=Sum("count"))]
    _save(rows, names, ["count"])


def _save(rows: Sequence[Model], unique: list[str], update: list[str]) -> None:
    """Insert rows, or update those that exist."""
    if rows:
        model: QuerySet[Any] = QuerySet(type(rows[0]))
        model.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=unique,
            update_fields=update,
            batch_size=1000,
        )


def _find_today() -> date:
    return timezone.localdate(timezone=timezone.get_default_timezone())


def _counted_rows() -> dict[str, tuple[Rows, str]]:
    """Return the rows to count, and the path to their domain."""
    accounts = Account.objects.all()
    active = accounts.filter(is_active=True)
    in_force = active.annotate(binding=queries.binding_policy()).filter(
        queries.are_client_passwords_in_force()
    )
    soon = queries.policies_requiring_soon().order_by().values("pk")
    passwords = ClientPassword.objects.all()
    return {
        "active": (active, "domain"),
        "off_the_web_password": (in_force, "domain"),
        "by_web_password": (rollout.filter_by_web_password(accounts), "domain"),
        "required_soon": (active.filter(queries.is_bound_by_one_of(soon)), "domain"),
        "locked": (accounts.filter(phones.has_locked_codes()), "domain"),
        "full": (limits.at_limit(accounts), "domain"),
        "idle": (history.idle_passwords(passwords), "account__domain"),
        "never_used": (history.never_used_passwords(passwords), "account__domain"),
    }


def _count_by_domain(rows: Rows, path: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(path).annotate(counted=Count("pk")))
