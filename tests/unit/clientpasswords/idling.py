"""Steps with security passwords that nobody uses."""

from datetime import datetime, timedelta

from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, MailLogon
from clientpasswords.lifetimes import inactivity
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from tests.factories import make_client_password, make_policy

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
UNUSED = "suspended-unused"


def make_unused(account: Account) -> ClientPassword:
    """Made just now; the policy suspends what was unused for 30 days."""
    Account.objects.update(client_passwords_on=True)
    make_policy(suspend_unused_days=30)
    follow("mx1")
    return make_client_password(account)[0]


def notify_owner(row: ClientPassword, clock: Traveller) -> ClientPassword:
    """Let time go by until a week before it is suspended: its owner is told."""
    assert later(clock, 23 * DAY) == 1
    row.refresh_from_db()
    return row


def suspend(row: ClientPassword, clock: Traveller) -> ClientPassword:
    """Let the week go by of which its owner was told."""
    later(clock, 7 * DAY)
    assert refusal(row) == UNUSED
    return row


def follow(node: str, *, to: datetime | None = None) -> None:
    """A log of that mail server, read to the end by now, and followed since long."""
    now = timezone.now()
    values = {"read_to": to or now, "told_at": to or now, "began_at": now - 99 * DAY}
    FollowedLog.objects.update_or_create(node=node, path="log", defaults=values)


def later(clock: Traveller, span: timedelta) -> int:
    """Time goes by, in which logs were read; return of how many owners are told."""
    clock.shift(span)
    FollowedLog.objects.update(read_to=timezone.now())
    return inactivity.review()


def use(row: ClientPassword) -> None:
    at = {"first_at": timezone.now(), "last_at": timezone.now()}
    Usage.objects.update_or_create(client_password=row, defaults=at)


def refusal(row: ClientPassword) -> str | None:
    return MailLogon.objects.get(credential=row.pk, protocol="imap").refusal
