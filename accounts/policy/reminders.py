"""Reminders: owners are notified before a date that affects them.

Either security passwords will be required, or an exception ends and takes something
from its owner.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from accounts import events
from accounts.events import PORTAL, Event, Kind
from accounts.models import Account, Policy, SecurityEvent
from accounts.models.protocols import PROTOCOL_KEYS
from accounts.networks import covers_networks
from accounts.policy import effective, queries

# Owners who have not acted by then are reminded once more.
SECOND_REMINDER_BEFORE = timedelta(days=3)
BATCH_SIZE = 200  # owners in one round


def send_requirement_reminders() -> int:
    """Queue reminders that security passwords will be required; return how many.

    Each owner is reminded when the date is set, once more when it is near, and again
    when it is moved. Owners who have turned security passwords on are not reminded.
    """
    count = 0
    for policy in _upcoming_requirements():
        with transaction.atomic():
            # One worker at a time; two would remind an owner twice.
            Policy.objects.select_for_update().get(pk=policy.pk)
            rows = list(_owners_to_remind(policy)[:BATCH_SIZE])
            day = str(policy.required_from)
            events.record_all(
                Event(Kind.REQUIRED_SOON, row, PORTAL, detail={"required_from": day})
                for row in rows
            )
        count += len(rows)
    return count


def send_exception_reminders() -> int:
    """Queue reminders that an exception ends soon; return how many.

    Call it every minute. Each owner is reminded once of an end, and again if it is
    moved. Owners who lose nothing are not reminded.
    """
    count, last = 0, 0
    while batch := list(
        _ending_exceptions().filter(pk__gt=last).order_by("pk")[:BATCH_SIZE]
    ):
        last = batch[-1].pk
        if due := _exclude_reminded(batch):
            count += _remind_owners(due)
    return count


def list_losses(account: Account) -> list[str]:
    """Return what the owner loses when the exception ends, as keys of LOSSES.

    LOSSES is in `accounts.notify.notices`. The list is empty if the account has no
    exception with an end. Get the account from `queries.accounts_with_policies`.
    """
    own, then, at = (
        account.policy,
        effective.get_inherited_policy(account),
        account.policy_until,
    )
    if own is None or at is None or not own.third_party_logon:
        return []
    if not then.third_party_logon:
        return ["third_party_logon"]
    lost = [
        name for name in PROTOCOL_KEYS if getattr(own, name) and not getattr(then, name)
    ]
    # Mail programs use either the web password or security passwords, and lose one.
    are_in_force = account.client_passwords_on or own.will_require_at(at)
    will_be = account.client_passwords_on or then.will_require_at(at)
    if will_be and not are_in_force:
        lost.append("client_passwords_required")
    if are_in_force and not will_be:
        lost.append("client_passwords_suspended")
    if not covers_networks(then.client_networks, own.client_networks):
        lost.append("client_networks")
    days, until_then = then.client_password_days, own.client_password_days
    is_sooner = days is not None and (until_then is None or days < until_then)
    if is_sooner and (are_in_force or will_be):
        lost.append("client_password_days")
    return lost


def _ending_exceptions() -> QuerySet[Account]:
    now = timezone.now()
    return queries.accounts_with_policies().filter(
        policy__isnull=False,
        policy_until__gt=now,
        policy_until__lte=now + settings.TOLD_BEFORE,
        is_active=True,
    )


def _exclude_reminded(batch: Iterable[Account]) -> list[Account]:
    """Return the accounts that lose something and were not reminded of this end."""
    losing = [account for account in batch if list_losses(account)]
    events_before = SecurityEvent.objects.filter(
        kind=Kind.EXCEPTION_ENDS_SOON, account__in=[account.pk for account in losing]
    )
    reminded = set(events_before.values_list("account", "detail__until"))
    return [each for each in losing if (each.pk, _format_end(each)) not in reminded]


def _remind_owners(due: Iterable[Account]) -> int:
    with transaction.atomic():
        # Accounts that another worker has locked are left to it.
        rows = Account.objects.select_for_update(skip_locked=True).order_by("pk")
        locked = [each.pk for each in rows.filter(pk__in=[each.pk for each in due])]
        due = _exclude_reminded(_ending_exceptions().filter(pk__in=locked))
        events.record_all(map(_build_exception_reminder, due))
    return len(due)


def _build_exception_reminder(account: Account) -> Event:
    detail = {"until": _format_end(account), "loses": " ".join(list_losses(account))}
    return Event(Kind.EXCEPTION_ENDS_SOON, account, PORTAL, detail=detail)


def _format_end(account: Account) -> str:
    return account.policy_until.isoformat() if account.policy_until else ""


def _upcoming_requirements() -> Iterator[Policy]:
    rows = Policy.objects.filter(required_from__gt=timezone.now())
    return (row for row in rows if row.will_require_client_passwords)


def _owners_to_remind(policy: Policy) -> QuerySet[Account]:
    reminded = SecurityEvent.objects.filter(
        account=OuterRef("pk"),
        kind=Kind.REQUIRED_SOON,
        detail__required_from=str(policy.required_from),
    )
    if policy.required_from is not None:
        reminder = policy.required_from - SECOND_REMINDER_BEFORE
        if reminder <= timezone.now():
            reminded = reminded.filter(at__gte=reminder)
    bound = queries.accounts_bound_by(policy)
    return bound.filter(
        ~Exists(reminded), is_active=True, client_passwords_on=False
    ).order_by("pk")
