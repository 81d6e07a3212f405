"""How many codes are sent: for an account, a number, a network, a country, the host.

Text messages cost money, so there are limits. Those that accounts share slow down
before they stop, and keep a part for accounts that had no code yet that day: a few
accounts cannot use up what all others need (decision 0021).
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from accounts import budgets
from accounts.budgets import Limit, RateLimit
from accounts.events import Actor, Kind
from accounts.models import Account, BasePhone, NewPhone

# An account waits so long after its first code of the day while codes are slowed down,
# and twice as long after each one more.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=4)
# A network's first codes, one for each account, for each code that it may repeat.
FIRST_CODES = 10


class Slowed(Exception):
    """Codes are sent more slowly; this account gets its next one after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("slowed")


@dataclass(frozen=True)
class SharedLimit:
    """A limit that many accounts share.

    From `slow_from` on, an account that had a code today waits before the next one;
    from `most_again` on it gets none. Up to `most`, the others get their first.
    """

    row: RateLimit
    whom: tuple[object, ...]
    slow_from: int
    most_again: int
    most: int

    def get_limit(self, *, had_one: bool) -> Limit:
        """Return what it is for an account that had a code today, or for the others."""
        most = self.most_again if had_one else self.most
        return self.row.get_limit(*self.whom, most=most)


def get_brake(account: Account) -> Limit:
    """Return what sends that surely failed count against, and these alone."""
    return budgets.CODES_NOT_SENT.get_limit(account.pk)


def get_limits(account: Account, phone: BasePhone, by: Actor) -> list[Limit]:
    """Return what a code to this phone counts against.

    Raises:
        Slowed: the account has to wait, because of the others.
    """
    day = budgets.CODES_PER_ACCOUNT_DAY.get_limit(account.pk)
    today = budgets.get_used(day)
    shared = _list_shared_limits(phone, by)
    if any(_is_slow(each, today) for each in shared):
        _require_pause(account, today)
    return [
        budgets.CODES_PER_ACCOUNT_HOUR.get_limit(account.pk),
        day,
        _get_number_limit(phone),
        *(each.get_limit(had_one=today > 0) for each in shared),
    ]


def _get_number_limit(phone: BasePhone) -> Limit:
    """Numbers on file count apart: anybody may ask to put another's number on file."""
    number = hashlib.sha256(f"{settings.SECRET_KEY}{phone.number}".encode()).hexdigest()
    if isinstance(phone, NewPhone):
        return budgets.CODES_PER_NEW_NUMBER_DAY.get_limit(number[:32])
    return budgets.CODES_PER_NUMBER_DAY.get_limit(number[:32])


def _list_shared_limits(phone: BasePhone, by: Actor) -> list[SharedLimit]:
    of_network = budgets.CODES_PER_NETWORK_HOUR.most
    return [
        SharedLimit(
            budgets.CODES_PER_NETWORK_HOUR,
            (budgets.network_of(by.network_address),),
            slow_from=of_network,
            most_again=of_network,
            most=of_network * FIRST_CODES,
        ),
        _keep_a_part(budgets.CODES_PER_COUNTRY_DAY, phone.number.country_code),
        _keep_a_part(budgets.CODES_PER_DAY),
    ]


def _keep_a_part(row: RateLimit, *whom: object) -> SharedLimit:
    """Return a limit of a day that slows down at half, and keeps the last quarter."""
    most = row.most
    return SharedLimit(
        row, whom, slow_from=most - most // 2, most_again=most - most // 4, most=most
    )


def _is_slow(shared: SharedLimit, today: int) -> bool:
    used = budgets.get_used(shared.get_limit(had_one=today > 0)) if today else 0
    return shared.slow_from <= used < shared.most_again


def _require_pause(account: Account, today: int) -> None:
    sent = account.security_events.filter(kind=Kind.CODE_SENT)
    last = sent.values_list("at", flat=True).order_by("-at").first()
    pause = min(FIRST_PAUSE * 2 ** (today - 1), LONGEST_PAUSE)
    wait = last + pause - timezone.now() if last else timedelta()
    if wait > timedelta():
        raise Slowed(wait)
