"""The queue of notifications, which a worker sends by mail or by text message.

`events` writes the rows, in the transaction of the event. A separate worker sends them,
so that a slow mail server delays nothing else. Waiting events of the same kind are sent
as one mail.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils import timezone

from accounts import budgets, watchdog
from accounts.budgets import Limit
from accounts.models import Account, Notification
from accounts.notify import composing
from accounts.notify.notices import NAMING_TIME, NOTICES, Kind
from gateways import mail, sms

log = logging.getLogger(__name__)

FAILURES_UNTIL_GIVEN_UP = 80  # about three days
BATCH_SIZE = 100  # mails in one round

# Records that no text message to this number of the account was taken, and why.
RecordRefusal = Callable[[Account, str, sms.Reason], None]


@dataclass(frozen=True)
class Batch:
    """Notifications of one kind for one account, ours until the lease ends."""

    account: Account
    number: str
    rows: list[Notification]
    limit: Limit


def deliver_due(record_refusal: RecordRefusal | None = None) -> int:
    """Send what is due; return how many messages were sent.

    Several workers can run at once: each sends the notifications that it has claimed. A
    text message that no further try can mend is given up and recorded, as a code is.
    After a failure of the mail server the rest waits for the next round, because each
    attempt could take as long as the time-out. What happened first is sent first.
    """
    _send_news_before_what_follows()
    names = ("account", "event__kind", "number")
    due = Notification.objects.due().values_list(*names).order_by()
    in_order = due.annotate(first_at=Min("event__at")).order_by("first_at", *names)
    taken = 0
    for account, kind, number, _first_at in list(in_order[:BATCH_SIZE]):
        watchdog.ping()  # a mail server may take long over each
        batch = _claim(account, kind, str(number))
        if batch is None:
            continue
        try:
            _send(batch)
            taken += 1
        except (mail.NotSent, sms.NotSent) as error:
            log.warning("account %s not told of %s: %s", account, kind, error)
            budgets.refund([batch.limit])
            if isinstance(error, sms.NotSent) and _is_final(error.reason):
                _give_up(batch, error.reason, record_refusal)
                continue
            _postpone(batch)
            if isinstance(error, mail.NotSent):
                break
    return taken


def send_named(account: int, credential: int) -> None:
    """Let the mail about this new security password go: its device has its name.

    Without it, the mail goes when NAMING_TIME is over.
    """
    of_device = _list_waiting(timezone.now()).filter(
        account=account, event__detail__credential=credential
    )
    _end_wait(of_device)


def _send_news_before_what_follows() -> None:
    """End the wait for a name once something else is to be sent about the device.

    Otherwise its owner would read that it has connected, or was deleted, and after
    that of a new password.
    """
    now = timezone.now()
    follows = Notification.objects.due().filter(
        account=OuterRef("account"),
        event__detail__credential=OuterRef("event__detail__credential"),
    )
    _end_wait(_list_waiting(now).filter(Exists(follows)))


def _list_waiting(now: datetime) -> QuerySet[Notification]:
    """The mails that may wait for a name, with their events."""
    kinds = [kind for kind, each in NOTICES.items() if each.waits_for_name]
    rows = Notification.objects.filter(event__kind__in=kinds, due_at__gt=now)
    return rows.select_related("event")


def _end_wait(waiting: QuerySet[Notification]) -> None:
    for row in waiting:
        # A row that a worker has leased or postponed is due at another time.
        if row.due_at == row.event.at + NAMING_TIME:
            row.still_leased().update(due_at=timezone.now())


def _claim(account: int, kind: str, number: str = "") -> Batch | None:
    """Claim the due notifications of this kind for this account.

    Return None if another worker has them, if the owner turned them off (they are
    deleted), or if the hourly limit is reached (they are postponed).
    """
    rate_limit = (
        budgets.TEXT_MESSAGES_PER_KIND_HOUR if number else budgets.MAILS_PER_KIND_HOUR
    )
    limit = rate_limit.get_limit(account, kind)
    due = Notification.objects.filter(account=account, event__kind=kind, number=number)
    with transaction.atomic():
        in_order = due.select_related("account", "event").order_by("event__at", "pk")
        rows = in_order.claim()
        if not rows:
            return None
        owner = rows[0].account
        ours = Notification.objects.filter(pk__in=[row.pk for row in rows])
        if NOTICES[Kind(kind)].is_optional and not owner.told_of_uses:
            ours.delete()
            return None
        try:
            budgets.spend([limit])
        except budgets.Exhausted as error:
            ours.update(due_at=timezone.now() + error.wait)
            return None
    return Batch(owner, number, rows, limit)


def _send(batch: Batch) -> None:
    if batch.number:
        _send_text(batch)
    else:
        letter = composing.write_mail(batch.account, [row.event for row in batch.rows])
        mail.send(batch.account.address, letter.subject, letter.text, letter.html)
    Notification.objects.filter(pk__in=[row.pk for row in batch.rows]).delete()


def _send_text(batch: Batch) -> None:
    """Send one text message; count an unknown outcome as sent.

    Raises:
        sms.NotSent: it was not sent.
    """
    kind = batch.rows[0].event.kind
    try:
        sms.send(batch.number, composing.write_text_message(batch.account, kind))
    except sms.Unknown:
        return


def _is_final(reason: sms.Reason) -> bool:
    """Whether the message will be refused again, until somebody changes something.

    What the provider refuses the whole host is retried: an operator mends it, and then
    all that waits arrives.
    """
    return reason.is_permanent and reason is not sms.Reason.CREDENTIALS


def _give_up(
    batch: Batch, reason: sms.Reason, record_refusal: RecordRefusal | None
) -> None:
    """Drop the rows, unless another worker has them by now, and record why."""
    with transaction.atomic():
        dropped = sum(row.still_leased().delete()[0] for row in batch.rows)
        if dropped and record_refusal is not None:
            record_refusal(batch.account, batch.number, reason)


def _postpone(batch: Batch) -> None:
    """Retry later, or give up; leave rows alone that another worker has by now."""
    for row in batch.rows:
        if row.failures + 1 < FAILURES_UNTIL_GIVEN_UP:
            row.postpone()
        else:
            log.error("notification %s is given up", row.pk)
            row.still_leased().delete()
