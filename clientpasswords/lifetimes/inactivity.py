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

AT_ONCE = 500  # passwords of a policy in one round
# A session that goes on is a use, written down this often.
NOTED_AGAIN = timedelta(hours=1)
# Since when nobody is known to have used it.
IDLE_SINCE = Greatest(
    "created_at",
    Coalesce("revived_at", "created_at"),
    Coalesce("usage__last_at", "created_at"),
)


@dataclass(frozen=True)
class Span:
    """How long a policy lets these passwords be unused."""

    which: Q
    length: timedelta

    @property
    def notice(self) -> timedelta:
        """How long before its owner is told: half of the time where that is short."""
        return min(settings.TOLD_BEFORE, self.length / 2)


@dataclass(frozen=True)
class Known:
    """The time of which all uses are known, on every mail server."""

    since: datetime
    until: datetime


def review() -> int:
    """Tell owners of what will be suspended, forget it where that is not true any more.

    Call it every minute; it returns of how many passwords owners are told. Where not
    every mail server's log is followed, nobody is told, and who was told before is let
    be.
    """
    told = ClientPassword.objects.filter(suspends_at__isnull=False)
    if not Policy.objects.suspending().exists():
        told.update(suspends_at=None)
        return 0
    known = _known()
    if known is None:
        for policy in Policy.objects.suspending():
            bound = told.filter(account__in=queries.accounts_bound_by(policy))
            bound.exclude(_is_suspended(policy)).update(suspends_at=None)
        return 0
    on_line = _note_sessions()
    _take_back(known)
    if on_line is None:
        return 0
    behind = Q(uses_known_to=None) | Q(uses_known_to__lt=known.until)
    suspending = Policy.objects.suspending()
    suspending.filter(behind).update(uses_known_to=known.until)
    return sum(_tell(policy, known, on_line) for policy in suspending)


def _known() -> Known | None:
    logs = list(FollowedLog.objects.all())
    if len({log.node for log in logs}) < max(len(settings.DOVEADM_URLS), 1):
        return None
    return Known(max(log.began_at for log in logs), min(log.read_to for log in logs))


def _note_sessions() -> set[int] | None:
    """Write down what is in use now, and return it; None if a mail server is silent."""
    try:
        names = {
            session.username
            for node in settings.DOVEADM_URLS
            for session in doveadm.list_sessions(node, "*")
        }
    except (doveadm.DoveadmError, ValueError):
        return None
    on_line = parse_credentials(names)
    now = timezone.now()
    # Who is suspended by now is being cut off, and does not come back by that.
    rows = ClientPassword.objects.filter(pk__in=on_line)
    in_use = rows.filter(Q(suspends_at=None) | Q(suspends_at__gt=now))
    old = Usage.objects.filter(last_at__lt=now - NOTED_AGAIN)
    old.filter(client_password__in=in_use.values("pk")).update(last_at=now)
    rows.filter(suspends_at__gt=now).update(suspends_at=None)
    return on_line


def _take_back(known: Known) -> None:
    """Forget what was told where it was used since, or where another policy holds.

    And where the time that is known does not reach back as far any more.
    """
    told = ClientPassword.objects.filter(suspends_at__isnull=False)
    elsewhere = told
    for policy in Policy.objects.suspending():
        bound = Q(account__in=queries.accounts_bound_by(policy))
        elsewhere = elsewhere.exclude(bound)
        holds = Q(pk=None)
        for span in _spans(policy):
            is_known = Q(suspends_at__gte=known.since + span.length)
            holds |= (
                span.which
                & Q(since__lte=F("suspends_at") - span.length)
                & (_is_suspended(policy) | is_known)
            )
        rows = told.filter(bound).annotate(since=IDLE_SINCE).exclude(holds)
        rows.update(suspends_at=None)
    elsewhere.update(suspends_at=None)


def _is_suspended(policy: Policy) -> Q:
    """As the logon views say it, of those that were told and that it binds."""
    if policy.uses_known_to is None:
        return Q(pk=None)
    return Q(suspends_at__lte=policy.uses_known_to)


def _tell(policy: Policy, known: Known, on_line: set[int]) -> int:
    now = timezone.now()
    with transaction.atomic():
        # One worker at a time, or an owner would be told twice.
        policy = Policy.objects.select_for_update().get(pk=policy.pk)
        moments: dict[int, datetime] = {}
        for span in _spans(policy):
            due = _due(policy, span, known).exclude(pk__in=on_line).order_by("pk")
            for pk, idle_since in due.values_list("pk", IDLE_SINCE)[:AT_ONCE]:
                at = max(idle_since, known.since) + span.length
                moments.setdefault(pk, max(at, now + span.notice))
        told = ClientPassword.objects.filter(pk__in=moments)
        rows = list(told.select_related("account"))
        for row in rows:
            row.suspends_at = moments[row.pk]
        ClientPassword.objects.bulk_update(rows, ["suspends_at"])
        events.record_all(map(_event, rows))
    return len(rows)


def _spans(policy: Policy) -> Iterator[Span]:
    if policy.suspend_never_used_hours is not None:
        hours = timedelta(hours=policy.suspend_never_used_hours)
        yield Span(Q(usage__isnull=True), hours)
    if policy.suspend_unused_days is not None:
        yield Span(Q(), timedelta(days=policy.suspend_unused_days))


def _due(policy: Policy, span: Span, known: Known) -> ClientPasswordQuerySet:
    """Those whose owners have to be told now, and that would be let in otherwise."""
    latest = known.until - span.length + span.notice
    rows = ClientPassword.objects.live().filter(span.which, suspends_at=None)
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
    return rows.alias(unused_since=IDLE_SINCE).filter(unused_since__lte=latest)


def _event(row: ClientPassword) -> Event:
    at = row.suspends_at.isoformat() if row.suspends_at else ""
    detail: dict[str, str | int] = {"device": row.label, "suspends": at}
    return Event(Kind.SUSPENDS_SOON, row.account, PORTAL, detail=detail)
