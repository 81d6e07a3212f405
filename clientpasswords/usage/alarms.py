"""Security events found in the mail servers' logs.

The caller holds the locks of the accounts, and saves in the same transaction how far
the log was read. So each event is recorded once, even if several mail servers log it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts import events, networks
from accounts.budgets import GUESSES_PER_ACCOUNT_HOUR
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Budget, SecurityEvent
from clientpasswords.refusals import REVOKED
from clientpasswords.usage.known_networks import KnownNetworks
from clientpasswords.usage.summary import LogonKey, LogonStats

# A deleted password that is tried by one protocol from one network is recorded once in
# this time; how often its owner is notified is another question.
REVOKED_TRIED_INTERVAL = timedelta(days=1)


class UsageRow(NamedTuple):
    """The first and the last use of a client password, as `Usage` stores them."""

    client_password: int
    first_at: datetime
    last_at: datetime
    protocol: str
    network_address: str | None
    node: str


class UsedPassword(NamedTuple):
    """The facts about a client password that alarms and the history need."""

    pk: int
    account: Account
    label: str
    suspends_at: datetime | None
    is_silenced: bool
    is_replacement: bool
    used: UsageRow | None


Logons = Mapping[LogonKey, LogonStats]
Accounts = Mapping[str, Account]
Passwords = Mapping[int, UsedPassword]
AccountHour = tuple[Account, datetime]


def record_alarms(
    logons: Logons, accounts: Accounts, passwords: Passwords, *, node: str
) -> None:
    """Record the security events of these logons; call it before usage is written.

    `accounts` holds a locked account for every address. `passwords` holds the client
    passwords that still exist.
    """
    events.record_all(
        [
            *_use_events(logons, passwords, node),
            *_revoked_tried_events(logons, passwords, node),
            *_guessing_events(logons, accounts, node),
        ]
    )


def _use_events(logons: Logons, passwords: Passwords, node: str) -> Iterator[Event]:
    """Yield first uses of passwords, and uses from networks that are new to them."""
    used = list(_logons_with_reason(logons, passwords, ""))
    networks = KnownNetworks({password.pk for password, _key, _told in used})
    unused = {password.pk for password, _key, _told in used if password.used is None}
    for password, key, stats in used:
        is_new = networks.add(password.pk, key.network_address, stats.last_at)
        if password.pk in unused:
            unused.remove(password.pk)
            event = _event(Kind.FIRST_USED, password, key, stats.first_at, node)
            # One mail for both: `replacing` notifies of what it deletes by this use.
            yield replace(event, is_silent=password.is_replacement)
        elif is_new:
            yield _event(Kind.NEW_NETWORK, password, key, stats.first_at, node)
    networks.save()


def _revoked_tried_events(
    logons: Logons, passwords: Passwords, node: str
) -> Iterator[Event]:
    """Yield an event for each deleted password that a device still tries."""
    tried = list(_logons_with_reason(logons, passwords, REVOKED.key))
    if not tried:
        return
    recent = SecurityEvent.objects.order_by().filter(
        kind=Kind.REVOKED_TRIED,
        account__in={password.account for password, _key, _told in tried},
        at__gt=min(stats.last_at for *_, stats in tried) - REVOKED_TRIED_INTERVAL,
    )
    recorded = {
        (detail["credential"], detail["protocol"], _network_of(address))
        for detail, address in recent.values_list("detail", "network_address")
    }
    for password, key, stats in tried:
        sighting = (password.pk, key.protocol, _network_of(key.network_address))
        if sighting not in recorded:
            recorded.add(sighting)
            event = _event(Kind.REVOKED_TRIED, password, key, stats.last_at, node)
            yield replace(event, is_silent=password.is_silenced)


def _network_of(address: str | None) -> str:
    return networks.surrounding_network(address) if address else ""


def _guessing_events(logons: Logons, accounts: Accounts, node: str) -> Iterator[Event]:
    """Yield an event for each account that reached its limit of guesses in an hour."""
    counts: Counter[AccountHour] = Counter()
    newest: dict[AccountHour, tuple[LogonKey, LogonStats]] = {}
    for key, stats in sorted(logons.items(), key=lambda item: item[1].last_at):
        if stats.guesses:
            hour = stats.last_at.replace(minute=0, second=0, microsecond=0)
            account_hour = (accounts[key.address], hour)
            counts[account_hour] += stats.guesses
            newest[account_hour] = (key, stats)
    for account_hour, before in _count_guesses(counts).items():
        count = before + counts[account_hour]
        if before < GUESSES_PER_ACCOUNT_HOUR.most <= count:
            key, stats = newest[account_hour]
            by = Actor(node, key.network_address)
            detail: dict[str, str | int] = {"count": count, "protocol": key.protocol}
            yield Event(Kind.GUESSED, account_hour[0], by, stats.last_at, detail)


def _count_guesses(counts: Mapping[AccountHour, int]) -> dict[AccountHour, int]:
    """Add to each account's guesses of that hour; return the previous counts."""
    if not counts:
        return {}
    keys = {
        account_hour: GUESSES_PER_ACCOUNT_HOUR.get_key(account_hour[0].pk)
        for account_hour in counts
    }
    rows = Budget.objects.filter(
        key__in=keys.values(), window__in={hour for _account, hour in counts}
    )
    used = {(row.key, row.window): row.used for row in rows}
    before = {
        account_hour: used.get((keys[account_hour], account_hour[1]), 0)
        for account_hour in counts
    }
    Budget.objects.bulk_create(
        [
            Budget(
                key=keys[account_hour],
                window=account_hour[1],
                used=before[account_hour] + count,
            )
            for account_hour, count in counts.items()
        ],
        update_conflicts=True,
        unique_fields=["key", "window"],
        update_fields=["used"],
    )
    return before


def _logons_with_reason(
    logons: Logons, passwords: Passwords, reason: str
) -> Iterator[tuple[UsedPassword, LogonKey, LogonStats]]:
    """Yield the logons by client passwords with this reason, the earliest first."""
    for key, stats in sorted(logons.items(), key=lambda item: item[1].first_at):
        password = passwords.get(key.credential or 0)
        if password is not None and key.reason == reason:
            yield password, key, stats


def _event(
    kind: Kind, password: UsedPassword, key: LogonKey, at: datetime, node: str
) -> Event:
    detail: dict[str, str | int] = {
        "device": password.label,
        "credential": password.pk,
        "protocol": key.protocol,
    }
    return Event(kind, password.account, Actor(node, key.network_address), at, detail)
