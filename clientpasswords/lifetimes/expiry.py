"""Notices to owners whose security passwords expire soon.

A security password expires by its own date or by its policy; the logon views decide it.
This module only notifies. The end that an owner was notified of is saved together with
the notification, so that each end is notified once, and again if it was moved.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import events
from accounts.events import PORTAL, Event, Kind
from accounts.models import Account, Policy
from accounts.policy import queries
from clientpasswords.models import ClientPassword, ClientPasswordQuerySet

BATCH = 500  # passwords in one round, for each lifetime


def notify_owners() -> int:
    """Notify owners of security passwords that expire soon and are let in until then.

    Call it every minute. Returns the number of security passwords.
    """
    lives = Policy.objects.order_by("client_password_days").values_list(
        "client_password_days", flat=True
    )
    return sum(_notify_owners_of(days) for days in lives.distinct())


def _notify_owners_of(days: int | None) -> int:
    """Notify of passwords with a lifetime of `days`; None means no limit."""
    if not _due_for_notice(days).exists():
        return 0
    with transaction.atomic():
        first = (
            _due_for_notice(days)
            .order_by("pk")
            .values_list("account", flat=True)[:BATCH]
        )
        # Accounts are locked first, as everywhere; another worker handles locked ones.
        owners = Account.objects.select_for_update(skip_locked=True).order_by("pk")
        locked = [owner.pk for owner in owners.filter(pk__in=set(first))]
        due = _due_for_notice(days).filter(account__in=locked).select_related("account")
        rows = list(due.order_by("pk")[:BATCH])
        for row in rows:
            row.days_of_life = days
            row.told_of_end = row.ends_at
        ClientPassword.objects.bulk_update(rows, ["told_of_end"])
        events.record_all(map(_event, rows))
    return len(rows)


def _due_for_notice(days: int | None) -> ClientPasswordQuerySet:
    """Filter passwords whose owners have to be notified now."""
    now = timezone.now()
    soon = now + settings.TOLD_BEFORE
    by_date = Q(expires_at__gt=now, expires_at__lte=soon) & _not_notified_of(
        F("expires_at")
    )
    ending = by_date
    if days is not None:
        life = timedelta(days=days)
        end = F("created_at") + life
        notice = min(settings.TOLD_BEFORE, life / 2)
        begun = now - life
        by_life = Q(created_at__gt=begun, created_at__lte=begun + notice)
        by_life &= _not_notified_of(end)
        is_by_date = Q(expires_at__lte=end)
        ending = (by_date & is_by_date) | (by_life & ~is_by_date)
    rows = ClientPassword.objects.live().filter(
        ending, account__in=_accounts_let_in(days)
    )
    return rows.exclude(suspends_at__lte=now)


def _not_notified_of(end: F | object) -> Q:
    return Q(told_of_end=None) | Q(told_of_end__lt=end) | Q(told_of_end__gt=end)


def _accounts_let_in(days: int | None) -> QuerySet[Account]:
    """Filter accounts whose security passwords are let in and live `days` by policy."""
    bound = Policy.objects.filter(client_password_days=days).order_by()
    rows = Account.objects.alias(binding=queries.binding_policy())
    return rows.filter(
        queries.can_client_passwords_log_on(), binding__in=bound.values("pk")
    )


def _event(row: ClientPassword) -> Event:
    end = row.ends_at.isoformat() if row.ends_at else ""
    detail = {**row.event_detail, "expires": end}
    return Event(Kind.ENDS_SOON, row.account, PORTAL, detail=detail)
