"""The table of rate limits, and their counts in the database.

Concurrent requests cannot exceed a limit. Limits fail closed: without the database
nothing is allowed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import retention
from accounts.models import Budget

MINUTE, FIVE_MINUTES = timedelta(minutes=1), timedelta(minutes=5)
QUARTER = timedelta(minutes=15)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Limit:
    """A rate limit: at most `most` uses of `key` in each window of length `span`."""

    key: str
    most: int
    span: timedelta

    @cached_property
    def window(self) -> datetime:
        """The start of the window; fixed when it is first read."""
        seconds = self.span.total_seconds()
        return datetime.fromtimestamp(
            timezone.now().timestamp() // seconds * seconds, tz=UTC
        )


@dataclass(frozen=True)
class RateLimit:
    """A row of the table of limits, which docs/operations.md shows to the operator.

    Args:
        key: Begins the key of what is counted; of one row alone.
        setting: The name of the setting that says how often.
        span: The stretch of time that it says it for.
        limited: What is limited, and for whom.
    """

    key: str
    setting: str
    span: timedelta
    limited: str

    @property
    def most(self) -> int:
        """How often, as the setting says."""
        return int(getattr(settings, self.setting))

    def get_key(self, *whom: object) -> str:
        """Return the key under which these are counted."""
        return ":".join([self.key, *map(str, whom)])

    def get_limit(self, *whom: object, most: int | None = None) -> Limit:
        """Return the limit that these have now; `most` instead of the setting's."""
        return Limit(
            self.get_key(*whom), self.most if most is None else most, self.span
        )


CODES_PER_ACCOUNT_HOUR = RateLimit(
    "codes-account", "CODES_PER_ACCOUNT_HOUR", HOUR, "codes to one mailbox"
)
CODES_PER_ACCOUNT_DAY = RateLimit(
    "codes-day", "CODES_PER_ACCOUNT_DAY", DAY, "codes to one mailbox"
)
CODES_PER_NUMBER_DAY = RateLimit(
    "codes-number", "CODES_PER_NUMBER_DAY", DAY, "codes to one phone number"
)
CODES_PER_NEW_NUMBER_DAY = RateLimit(
    "codes-new-number",
    "CODES_PER_NUMBER_DAY",
    DAY,
    "codes to one phone number that is not on file yet",
)
CODES_NOT_SENT = RateLimit(
    "codes-failed",
    "CODES_NOT_SENT_PER_5_MINUTES",
    FIVE_MINUTES,
    "codes to one mailbox that the provider did not send",
)
CODES_PER_NETWORK_HOUR = RateLimit(
    "codes-network", "CODES_PER_NETWORK_HOUR", HOUR, "codes asked for from one network"
)
CODES_PER_COUNTRY_DAY = RateLimit(
    "codes-country", "CODES_PER_COUNTRY_DAY", DAY, "codes to one country"
)
CODES_PER_DAY = RateLimit("codes-all", "CODES_PER_DAY", DAY, "codes of the whole host")
MAILS_PER_KIND_HOUR = RateLimit(
    "told-by-mail", "MAILS_PER_KIND_HOUR", HOUR, "mails of one kind to one mailbox"
)
TEXT_MESSAGES_PER_KIND_HOUR = RateLimit(
    "told-by-text",
    "MAILS_PER_KIND_HOUR",
    HOUR,
    "text messages of one kind to one mailbox",
)
SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = RateLimit(
    "signin-both",
    "SIGN_IN_FAILURES_PER_NAME_AND_NETWORK",
    QUARTER,
    "wrong web passwords for one name from one network",
)
SIGN_IN_FAILURES_PER_NAME = RateLimit(
    "signin-name", "SIGN_IN_FAILURES_PER_NAME", HOUR, "wrong web passwords for one name"
)
SIGN_IN_FAILURES_IN_KNOWN_BROWSERS = RateLimit(
    "signin-browsers",
    "SIGN_IN_FAILURES_PER_NAME",
    HOUR,
    "wrong web passwords for one name in all browsers that know it",
)
SIGN_IN_FAILURES_IN_KNOWN_NETWORKS = RateLimit(
    "signin-networks",
    "SIGN_IN_FAILURES_PER_NAME",
    HOUR,
    "wrong web passwords for one name from all networks where it signed in lately",
)
SIGN_IN_FAILURES_PER_NETWORK = RateLimit(
    "signin-network",
    "SIGN_IN_FAILURES_PER_NETWORK",
    HOUR,
    "wrong web passwords from one network",
)
PASSKEY_FAILURES_PER_PLACE = RateLimit(
    "signin-passkey",
    "SIGN_IN_FAILURES_PER_NETWORK",
    HOUR,
    "wrong passkeys from one network or one known browser",
)
API_REQUESTS_PER_MINUTE = RateLimit(
    "api", "API_REQUESTS_PER_MINUTE", MINUTE, "requests to the API with one token"
)
API_REFUSALS_PER_NETWORK_MINUTE = RateLimit(
    "api-refused",
    "API_REFUSALS_PER_NETWORK_MINUTE",
    MINUTE,
    "requests to the API without a valid token from one network",
)


# Refuses nobody: it is recorded. The times are those of the mail server's log.
GUESSES_PER_ACCOUNT_HOUR = RateLimit(
    "mail-guesses",
    "GUESSES_PER_ACCOUNT_HOUR",
    HOUR,
    "wrong passwords in mail programs for one mailbox",
)


class Exhausted(Exception):
    """A limit is reached; its window ends after `wait`."""

    def __init__(self, limit: Limit) -> None:
        self.key = limit.key
        self.wait = limit.window + limit.span - timezone.now()
        super().__init__("limit reached")


def spend(limits: Iterable[Limit]) -> None:
    """Count one use against every limit, or against none.

    Raises:
        Exhausted: one of the limits is reached; nothing was counted.
    """
    with transaction.atomic():
        # Always in the same order, so that two requests cannot deadlock.
        for limit in sorted(limits, key=lambda limit: limit.key):
            row, _created = Budget.objects.get_or_create(
                key=limit.key, window=limit.window
            )
            open_row = Budget.objects.filter(pk=row.pk, used__lt=limit.most)
            if not open_row.update(used=F("used") + 1):
                raise Exhausted(limit)


def get_used(limit: Limit) -> int:
    """Return how much of the limit is used in its present stretch."""
    rows = Budget.objects.filter(key=limit.key, window=limit.window)
    return rows.values_list("used", flat=True).first() or 0


def refund(limits: Iterable[Limit]) -> None:
    """Undo one `spend` of these limits."""
    for limit in limits:
        Budget.objects.filter(key=limit.key, window=limit.window, used__gt=0).update(
            used=F("used") - 1
        )


def forget() -> int:
    """Delete counters of windows that ended long ago; return how many."""
    return Budget.objects.filter(window__lt=retention.BUDGETS.oldest).delete()[0]


def network_of(address: str | None) -> str:
    """Return the network that limits count as one client.

    That is an IPv4 address, or the /64 of an IPv6 address; "local" without an address.
    """
    if address is None:
        return "local"
    parsed = ip_address(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, 64), strict=False))
    return str(parsed)
