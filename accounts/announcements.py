"""Telling owners of the day from which mail programs need a security password."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import events, policies
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Policy, SecurityEvent

PORTAL = Actor("mailportal")
# Who has not acted by then is told once more.
REMINDED_BEFORE = timedelta(days=3)
AT_ONCE = 200  # owners in one round


def announce() -> int:
    """Order mails to owners who have to hear of a date; return to how many.

    Each hears of a date once when it is set, once more when it is near, and again when
    it is moved; whoever uses security passwords already hears nothing.
    """
    count = 0
    for policy in _announced():
        with transaction.atomic():
            # One worker at a time, or an owner would be told twice.
            Policy.objects.select_for_update().get(pk=policy.pk)
            rows = list(_to_be_told(policy)[:AT_ONCE])
            day = str(policy.required_from)
            events.record_all(
                Event(Kind.REQUIRED_SOON, row, PORTAL, detail={"required_from": day})
                for row in rows
            )
        count += len(rows)
    return count


def _announced() -> Iterator[Policy]:
    rows = Policy.objects.filter(required_from__gt=timezone.now())
    return (row for row in rows if row.will_require_client_passwords)


def _to_be_told(policy: Policy) -> QuerySet[Account]:
    told = SecurityEvent.objects.filter(
        account=OuterRef("pk"),
        kind=Kind.REQUIRED_SOON,
        detail__required_from=str(policy.required_from),
    )
    if policy.required_from is not None:
        reminder = policy.required_from - REMINDED_BEFORE
        if reminder <= timezone.now():
            told = told.filter(at__gte=reminder)
    bound = policies.bound_by(policy)
    return bound.filter(
        ~Exists(told), is_active=True, client_passwords_on=False
    ).order_by("pk")
