"""Security passwords that nobody uses: their owners are told, then they are suspended.

Here is decided when, and the owner is told at the same time; that the moment has come
is for the logon views to see. So nobody is suspended who was not told before. Two
things may be in doubt, and both count for the password: whether a mail server let it in
and we have not read so yet, and whether a session of it goes on from before.
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

BATCH = 500  # passwords of a policy in one round
# A session that goes on is a use, written down this often.
SESSION_USE_INTERVAL = timedelta(hours=1)
# Since when nobody is known to have used it.
UNUSED_SINCE = Greatest(
    "created_at",
    Coalesce("revived_at", "created_at"),
    Coalesce("usage__last_at", "created_at"),
)


@dataclass(frozen=True)
class InactivityRule:
    """How long a policy lets these passwords be unused."""

    condition: Q
    limit: timedelta

    @property
    def notice(self) -> timedelta:
        """How long before its owner is told: half of the time where that is short."""
        return min(settings.TOLD_BEFORE, self.limit / 2)


@dataclass(frozen=True)
class KnownPeriod:
    """The time of which all uses are known, on every mail server."""

    since: datetime
    until: datetime


def review() -> int:
    """Tell owners of what will be suspended, forget it where that is not true any more.

    Call it every minute; it returns of how many passwords owners are told. Where not
    every mail server's log is followed, nobody is told, and who was told before is let
    be.
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
    """Write down what is in use now, and return it; None if a mail server is silent."""
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
    # Who is suspended by now is being cut off, and does not come back by that.
    rows = ClientPassword.objects.filter(pk__in=online)
    in_use = rows.filter(Q(suspends_at=None) | Q(suspends_at__gt=now))
    old = Usage.objects.filter(last_at__lt=now - SESSION_USE_INTERVAL)
    old.filter(client_password__in=in_use.values("pk")).update(last_at=now)
    rows.filter(suspends_at__gt=now).update(suspends_at=None)
    return online


def _withdraw_notices(known: KnownPeriod) -> None:
    """Forget what was told where it was used since, or where another policy holds.

    And where the time that is known does not reach back as far any more.
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
    """As the logon views say it, of those that were told and that it binds."""
    if policy.uses_known_to is None:
        return Q(pk=None)
    return Q(suspends_at__lte=policy.uses_known_to)


def _notify_owners(policy: Policy, known: KnownPeriod, online: set[int]) -> int:
    now = timezone.now()
    with transaction.atomic():
        # One worker at a time, or an owner would be told twice.
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
    """Those whose owners have to be told now, and that would be let in otherwise."""
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
    detail: dict[str, str | int] = {"device": row.label, "suspends": at}
    return Event(Kind.SUSPENDS_SOON, row.account, PORTAL, detail=detail)
