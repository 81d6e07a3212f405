"""Find the mailboxes that requiring security passwords would affect."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.formats import number_format

from accounts.models import Account
from accounts.policy import queries
from clientpasswords.models import Logon

# A web password that was used within this time counts as in use.
RECENT = timedelta(days=30)
# Counting stops here: on a large host more would take a second.
COUNT_LIMIT = 5_000


@dataclass(frozen=True)
class Reach:
    """How many mailboxes a policy binds, and how many of them it would affect.

    `affected` holds the keys of those whose mail programs used the web password
    recently. Both stop at one more than `COUNT_LIMIT`.
    """

    mailboxes: int
    affected: list[int] = field(repr=False)

    @property
    def by_web_password(self) -> int:
        return len(self.affected)

    @property
    def mailboxes_text(self) -> str:
        return _format_count(self.mailboxes)

    @property
    def by_web_password_text(self) -> str:
        return _format_count(self.by_web_password)


def measure_reach(bound: QuerySet[Account]) -> Reach:
    """Count among the accounts that a policy binds. Two queries."""
    # Without an order, as the database would otherwise use that of the addresses.
    bound = bound.order_by()
    affected = _without_security_passwords(bound).filter(
        Exists(_recent_web_password_logons().filter(account=OuterRef("pk")))
    )
    keys = affected.values_list("pk", flat=True)[: COUNT_LIMIT + 1]
    return Reach(bound[: COUNT_LIMIT + 1].count(), list(keys))


def filter_by_web_password(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Return the active accounts that still use the web password in mail programs.

    They may use it, and did so recently.
    """
    # First the conditions that cost least, as the logons are looked up one by one.
    allowed = accounts.filter(queries.is_web_password_let_in(), is_active=True)
    used = _recent_web_password_logons().filter(account=OuterRef("pk"))
    return allowed.filter(Exists(used))


def would_be_refused(bound: QuerySet[Account], reach: Reach) -> QuerySet[Logon]:
    """Return recent logons that would need a security password, newest first.

    `reach` is that of `bound`. Owners who already use security passwords are left out:
    their web passwords are refused now.
    """
    rows = (
        _recent_web_password_logons()
        .select_related("account")
        .order_by("-last_at", "-pk")
    )
    if reach.by_web_password <= COUNT_LIMIT:
        return rows.filter(account__in=reach.affected)
    # With many mailboxes, it is faster to check the newest logons one by one.
    own = _without_security_passwords(bound).order_by().filter(pk=OuterRef("account"))
    is_one = Subquery(own.values("is_active")[:1])
    return rows.filter(Coalesce(is_one, Value(value=False)))


def _format_count(count: int) -> str:
    text: str = number_format(min(count, COUNT_LIMIT), force_grouping=True)
    return text if count <= COUNT_LIMIT else f"{text}+"


def _without_security_passwords(bound: QuerySet[Account]) -> QuerySet[Account]:
    return bound.filter(client_passwords_on=False, is_active=True)


def _recent_web_password_logons() -> QuerySet[Logon]:
    since = timezone.now() - RECENT
    return Logon.objects.filter(by_web_password=True, last_at__gte=since)
