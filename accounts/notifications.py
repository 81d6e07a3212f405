"""Telling owners by mail what happened to their mailbox.

What to tell is written by `events`, in the transaction of what happened; here it is
sent, by a worker of its own, so that no mail server can delay anything else. Like
events that wait together become one mail.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import budgets, mails
from accounts.budgets import Limit
from accounts.models import Account, Notification
from gateways import mail

log = logging.getLogger(__name__)

HOUR = timedelta(hours=1)
# Much longer than a mail server that is alive takes for one mail.
LEASE = timedelta(minutes=5)
LONGEST_WAIT = HOUR
FAILURES_UNTIL_GIVEN_UP = 80  # three days, at the longest wait
AT_ONCE = 100  # mails in one round


@dataclass(frozen=True)
class Batch:
    """Like events of one account, ours until the lease ends."""

    account: Account
    rows: list[Notification]
    limit: Limit
    leased_until: datetime


def deliver_due() -> int:
    """Send what is due; return how many mails the mail server took.

    Of several workers each sends a notification of its own. After the first failure the
    rest waits for the next round: a mail server that hangs would hang for each.
    """
    due = Notification.objects.due().values_list("account", "event__kind").distinct()
    taken = 0
    for account, kind in list(due.order_by("account", "event__kind")[:AT_ONCE]):
        batch = _claim(account, kind)
        if batch is None:
            continue
        if not _send(batch):
            break
        taken += 1
    return taken


def _claim(account: int, kind: str) -> Batch | None:
    """Take what is due of this kind, unless the owner does not want it, or not now."""
    limit = Limit(f"mails:{account}:{kind}", settings.MAILS_PER_KIND_HOUR, HOUR)
    due = Notification.objects.due().filter(account=account, event__kind=kind)
    with transaction.atomic():
        rows = list(
            due.select_for_update(of=("self",))
            .select_related("account", "event")
            .order_by("event__at", "pk")
        )
        if not rows:
            return None
        owner = rows[0].account
        ours = Notification.objects.filter(pk__in=[row.pk for row in rows])
        if kind in Notification.USES and not owner.told_of_uses:
            ours.delete()
            return None
        try:
            budgets.spend([limit])
        except budgets.Exhausted as error:
            ours.update(due_at=timezone.now() + error.wait)
            return None
        leased_until = timezone.now() + LEASE
        ours.update(due_at=leased_until)
    return Batch(owner, rows, limit, leased_until)


def _send(batch: Batch) -> bool:
    letter = mails.write(batch.account, [row.event for row in batch.rows])
    try:
        mail.send(batch.account.address, letter.subject, letter.text)
    except mail.NotSent as error:
        log.warning("mail to account %s not sent: %s", batch.account.pk, error)
        budgets.give_back([batch.limit])
        _put_off(batch)
        return False
    Notification.objects.filter(pk__in=[row.pk for row in batch.rows]).delete()
    return True


def _put_off(batch: Batch) -> None:
    """Try again later, unless another worker has it since our lease ended."""
    for row in batch.rows:
        ours = Notification.objects.filter(pk=row.pk, due_at=batch.leased_until)
        failures = row.failures + 1
        if failures >= FAILURES_UNTIL_GIVEN_UP:
            log.error("notification %s is given up", row.pk)
            ours.delete()
            continue
        wait = min(timedelta(seconds=5 * 2 ** min(failures, 10)), LONGEST_WAIT)
        ours.update(failures=failures, due_at=timezone.now() + wait)
