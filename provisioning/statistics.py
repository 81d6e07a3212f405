"""Figures about mailboxes: counted by the worker, shown on the overview."""

from datetime import datetime, timedelta
from typing import TypedDict, cast

from django.db import transaction
from django.db.models import Count, Min, QuerySet, Sum
from django.utils import timezone

from accounts.models import Account, Domain
from accounts.policy import queries
from clientpasswords import limits
from clientpasswords.models import ClientPassword
from clientpasswords.usage import history
from provisioning.models import DomainFigures

RECOUNT_EVERY = timedelta(minutes=5)
# The shortest time between two counts.
MIN_RECOUNT_INTERVAL = timedelta(seconds=10)
FIGURE_NAMES = ["active", "off_the_web_password", "full", "idle", "never_used"]


Rows = QuerySet[Account] | QuerySet[ClientPassword]


class Figures(TypedDict):
    """Sums over domains, and when the oldest figure was counted."""

    as_of: datetime | None
    active: int
    off_the_web_password: int
    full: int
    idle: int
    never_used: int


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


def _count_all_domains() -> None:
    """Count every domain, in one transaction. Six queries and one write."""
    now = timezone.now()
    with transaction.atomic():
        counted = {
            name: _count_by_domain(*rows) for name, rows in _counted_rows().items()
        }
        figures = [
            DomainFigures(
                domain_id=pk,
                counted_at=now,
                **{name: found.get(pk, 0) for name, found in counted.items()},
            )
            for pk in Domain.objects.order_by("pk").values_list("pk", flat=True)
        ]
        DomainFigures.objects.bulk_create(
            figures,
            update_conflicts=True,
            unique_fields=["domain"],
            update_fields=["counted_at", *FIGURE_NAMES],
            batch_size=1000,
        )


def _counted_rows() -> dict[str, tuple[Rows, str]]:
    """Return the rows to count, and the path to their domain."""
    accounts = Account.objects.all()
    active = accounts.filter(is_active=True)
    in_force = active.annotate(binding=queries.binding_policy()).filter(
        queries.are_client_passwords_in_force()
    )
    passwords = ClientPassword.objects.all()
    return {
        "active": (active, "domain"),
        "off_the_web_password": (in_force, "domain"),
        "full": (limits.at_limit(accounts), "domain"),
        "idle": (history.idle_passwords(passwords), "account__domain"),
        "never_used": (history.never_used_passwords(passwords), "account__domain"),
    }


def _count_by_domain(rows: Rows, path: str) -> dict[int, int]:
    return dict(rows.order_by().values_list(path).annotate(counted=Count("pk")))
