"""Suspend unused security passwords, after a notice to their owners.

This module decides when a password will be suspended, and notifies its owner in the
same transaction; the logon views refuse it from that moment on. So no password is
suspended without notice. A logon that was not read from the log yet, and a session that
is still open, count as uses.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts import events
from accounts.events import PORTAL, Event, Kind
from accounts.models import Policy
from accounts.policy import queries
from clientpasswords.models import (
    ClientPassword,
    ClientPasswordQuerySet,
    FollowedLog,
    Usage,
)
from gateways import doveadm
from gateways.loginnames import parse_credentials

BATCH = 500  # passwords of one policy in one round
# An open session counts as a use, which is saved this often.
SESSION_USE_INTERVAL = timedelta(hours=1)
# Since when no use of a password is known.
UNUSED_SINCE = Greatest(
    "created_at",
    Coalesce("revived_at", "created_at"),
    Coalesce("usage__last_at", "created_at"),
)


@dataclass(frozen=True)
class InactivityRule:
    """How long the passwords that match `condition` may stay unused."""

    condition: Q
    limit: timedelta

    @property
    def notice(self) -> timedelta:
        """How long before it the owner is notified: at most half of the limit."""
        return min(settings.TOLD_BEFORE, self.limit / 2)


@dataclass(frozen=True)
class KnownPeriod:
    """The period for which the uses on every mail server are known."""

    since: datetime
    until: datetime


def review() -> int:
    """Notify owners of coming suspensions, and cancel those that no longer apply.

    Call it every minute. Returns the number of passwords whose owners were notified.
    While the log of a mail server is not followed, nobody is notified, and suspensions
    that have not begun are cancelled.
    """
    notified = ClientPassword.objects.filter(suspends_at__isnull=False)
    if not Policy.objects.suspending().exists():
        notified.update(suspends_at=None)
        return 0
    known = _known_period()
    if known is None:
        for policy in Policy.objects.suspending():
            bound = notified.filter(account__in=queries.accounts_bound_by(policy))
            bound.exclude(_suspended_by(policy)).update(suspends_at=None)
        return 0
    online = _record_sessions()
    _withdraw_notices(known)
    if online is None:
        return 0
    behind = Q(uses_known_to=None) | Q(uses_known_to__lt=known.until)
    suspending = Policy.objects.suspending()
    suspending.filter(behind).update(uses_known_to=known.until)
    return sum(_notify_owners(policy, known, online) for policy in suspending)


def _known_period() -> KnownPeriod | None:
    logs = list(FollowedLog.objects.all())
    if len({log.node for log in logs}) < max(len(settings.DOVEADM_URLS), 1):
        return None
    return KnownPeriod(
        max(log.began_at for log in logs), min(log.read_to for log in logs)
    )


def _record_sessions() -> set[int] | None:
    """Save the uses by open sessions; return the keys, None if a server is silent."""
    try:
        names = {
            session.username
            for node in settings.DOVEADM_URLS
            for session in doveadm.list_sessions(node, "*")
        }
    except (doveadm.DoveadmError, ValueError):
        return None
    online = parse_credentials(names)
    now = timezone.now()
    # Suspended passwords are being cut off: their open sessions count for nothing.
    rows = ClientPassword.objects.filter(pk__in=online)
    in_use = rows.filter(Q(suspends_at=None) | Q(suspends_at__gt=now))
    old = Usage.objects.filter(last_at__lt=now - SESSION_USE_INTERVAL)
    old.filter(client_password__in=in_use.values("pk")).update(last_at=now)
    rows.filter(suspends_at__gt=now).update(suspends_at=None)
    return online


def _withdraw_notices(known: KnownPeriod) -> None:
    """Cancel suspensions of passwords that were used since or have another policy.

    Also cancel those for which the known period no longer reaches back far enough.
    """
    notified = ClientPassword.objects.filter(suspends_at__isnull=False)
    elsewhere = notified
    for policy in Policy.objects.suspending():
        bound = Q(account__in=queries.accounts_bound_by(policy))
        elsewhere = elsewhere.exclude(bound)
        holds = Q(pk=None)
        for rule in _rules(policy):
            is_known = Q(suspends_at__gte=known.since + rule.limit)
            holds |= (
                rule.condition
                & Q(since__lte=F("suspends_at") - rule.limit)
                & (_suspended_by(policy) | is_known)
            )
        rows = notified.filter(bound).annotate(since=UNUSED_SINCE).exclude(holds)
        rows.update(suspends_at=None)
    elsewhere.update(suspends_at=None)


def _suspended_by(policy: Policy) -> Q:
    """Return the condition of the logon views for passwords that the policy binds."""
    if policy.uses_known_to is None:
        return Q(pk=None)
    return Q(suspends_at__lte=policy.uses_known_to)


def _notify_owners(policy: Policy, known: KnownPeriod, online: set[int]) -> int:
    now = timezone.now()
    with transaction.atomic():
        # One worker at a time, so that no owner is notified twice.
        policy = Policy.objects.select_for_update().get(pk=policy.pk)
        moments: dict[int, datetime] = {}
        for rule in _rules(policy):
            due = (
                _due_for_notice(policy, rule, known)
                .exclude(pk__in=online)
                .order_by("pk")
            )
            for pk, idle_since in due.values_list("pk", UNUSED_SINCE)[:BATCH]:
                at = max(idle_since, known.since) + rule.limit
                moments.setdefault(pk, max(at, now + rule.notice))
        notified = ClientPassword.objects.filter(pk__in=moments)
        rows = list(notified.select_related("account"))
        for row in rows:
            row.suspends_at = moments[row.pk]
        ClientPassword.objects.bulk_update(rows, ["suspends_at"])
        events.record_all(map(_event, rows))
    return len(rows)


def _rules(policy: Policy) -> Iterator[InactivityRule]:
    if policy.suspend_never_used_hours is not None:
        hours = timedelta(hours=policy.suspend_never_used_hours)
        yield InactivityRule(Q(usage__isnull=True), hours)
    if policy.suspend_unused_days is not None:
        yield InactivityRule(Q(), timedelta(days=policy.suspend_unused_days))


def _due_for_notice(
    policy: Policy, rule: InactivityRule, known: KnownPeriod
) -> ClientPasswordQuerySet:
    """Filter passwords that are let in, and whose owners have to be notified now."""
    latest = known.until - rule.limit + rule.notice
    rows = ClientPassword.objects.live().filter(rule.condition, suspends_at=None)
    if known.since > latest:
        return rows.none()
    bound = queries.accounts_bound_by(policy).alias(binding=Value(policy.pk))
    now = timezone.now()
    alive = Q(expires_at=None) | Q(expires_at__gt=now)
    if policy.client_password_days is not None:
        made = now - timedelta(days=policy.client_password_days)
        alive &= Q(created_at__gt=made)
    let_in = bound.filter(queries.can_client_passwords_log_on())
    rows = rows.filter(alive, account__in=let_in)
    return rows.alias(unused_since=UNUSED_SINCE).filter(unused_since__lte=latest)


def _event(row: ClientPassword) -> Event:
    at = row.suspends_at.isoformat() if row.suspends_at else ""
    detail = {**row.event_detail, "suspends": at}
    return Event(Kind.SUSPENDS_SOON, row.account, PORTAL, detail=detail)
