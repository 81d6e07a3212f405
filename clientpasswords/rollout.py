"""Whom a policy touches, and whom it would refuse if it required security passwords."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django.utils.formats import number_format

from accounts.models import Account
from clientpasswords.models import Logon

# What used the web password this long ago counts as in use.
LATELY = timedelta(days=30)
# Nobody counts on by the head: of a large host that would take a second.
MOST = 10_000


@dataclass(frozen=True)
class Reach:
    """How many mailboxes a policy binds, and how many of them would notice.

    `by_web_password` are those whose mail programs used the web password lately. Above
    `MOST` neither says more than that there are more.
    """

    mailboxes: int
    by_web_password: int

    @property
    def mailboxes_told(self) -> str:
        return _told(self.mailboxes)

    @property
    def by_web_password_told(self) -> str:
        return _told(self.by_web_password)


def reach(bound: QuerySet[Account]) -> Reach:
    """Count among the accounts that a policy binds. Two queries."""
    concerned = _undecided(bound).filter(
        Exists(_by_web_password().filter(account=OuterRef("pk")))
    )
    return Reach(bound[: MOST + 1].count(), concerned[: MOST + 1].count())


def would_be_refused(bound: QuerySet[Account]) -> QuerySet[Logon]:
    """The logons of late that only security passwords will be let in for, newest first.

    Each with its mailbox, protocol and network address, and how often. Owners who use
    security passwords already are refused the web password now, and not in it.
    """
    keys = _undecided(bound).order_by().values("pk")
    rows = _by_web_password().filter(account__in=keys)
    return rows.select_related("account").order_by("-last_at", "-pk")


def _told(count: int) -> str:
    text: str = number_format(min(count, MOST), force_grouping=True)
    return text if count <= MOST else f"{text}+"


def _undecided(bound: QuerySet[Account]) -> QuerySet[Account]:
    return bound.filter(client_passwords_on=False, is_active=True)


def _by_web_password() -> QuerySet[Logon]:
    since = timezone.now() - LATELY
    return Logon.objects.filter(by_web_password=True, last_at__gte=since)
