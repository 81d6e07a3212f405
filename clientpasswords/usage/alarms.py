"""What the mail servers' logs tell that somebody should hear of: each becomes an event.

Whoever calls holds the accounts' locks and writes in the same transaction how far the
log was read. So each is told once, though several mail servers tell of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Budget, SecurityEvent
from clientpasswords.refusals import REVOKED
from clientpasswords.usage.known_networks import KnownNetworks
from clientpasswords.usage.summary import Alike, Told

# A deleted password that is still being tried is told of once in this time.
TRIED_AGAIN = timedelta(days=1)


class Use(NamedTuple):
    """When a client password was first used, and all of its last use."""

    client_password: int
    first_at: datetime
    last_at: datetime
    protocol: str
    network_address: str | None
    node: str


class Password(NamedTuple):
    """What of a client password has to be known here."""

    pk: int
    account: Account
    label: str
    suspends_at: datetime | None
    used: Use | None


Logons = Mapping[Alike, Told]
Accounts = Mapping[str, Account]
Passwords = Mapping[int, Password]
Hour = tuple[Account, datetime]


def raise_all(
    logons: Logons, accounts: Accounts, passwords: Passwords, *, node: str
) -> None:
    """Record what is remarkable in these logons; call it before their use is written.

    Every address has its account, locked; of the passwords there are those that exist.
    """
    events.record_all(
        [
            *_uses(logons, passwords, node),
            *_revoked(logons, passwords, node),
            *_bursts(logons, accounts, node),
        ]
    )


def _uses(logons: Logons, passwords: Passwords, node: str) -> Iterator[Event]:
    """First uses of passwords, and uses from networks that are new to them."""
    used = list(_outcomes(logons, passwords, ""))
    networks = KnownNetworks({password.pk for password, _key, _told in used})
    unused = {password.pk for password, _key, _told in used if password.used is None}
    for password, key, told in used:
        is_new = networks.add(password.pk, key.network_address, told.last_at)
        if password.pk in unused:
            unused.remove(password.pk)
            yield _event(Kind.FIRST_USED, password, key, told.first_at, node)
        elif is_new:
            yield _event(Kind.NEW_NETWORK, password, key, told.first_at, node)
    networks.save()


def _revoked(logons: Logons, passwords: Passwords, node: str) -> Iterator[Event]:
    """Deleted passwords that some device goes on trying."""
    tried = list(_outcomes(logons, passwords, REVOKED.key))
    if not tried:
        return
    lately = SecurityEvent.objects.filter(
        kind=Kind.REVOKED_TRIED,
        account__in={password.account for password, _key, _told in tried},
        at__gt=min(told.last_at for *_, told in tried) - TRIED_AGAIN,
    )
    told_of = {event.detail["credential"] for event in lately}
    for password, key, told in tried:
        if password.pk not in told_of:
            told_of.add(password.pk)
            yield _event(Kind.REVOKED_TRIED, password, key, told.last_at, node)


def _bursts(logons: Logons, accounts: Accounts, node: str) -> Iterator[Event]:
    """Accounts for which many different wrong passwords were typed within an hour."""
    counts: Counter[Hour] = Counter()
    newest: dict[Hour, tuple[Alike, Told]] = {}
    for key, told in sorted(logons.items(), key=lambda item: item[1].last_at):
        if told.guesses:
            hour = told.last_at.replace(minute=0, second=0, microsecond=0)
            place = (accounts[key.address], hour)
            counts[place] += told.guesses
            newest[place] = (key, told)
    for place, before in _count(counts).items():
        count = before + counts[place]
        if before < settings.GUESSES_PER_ACCOUNT_HOUR <= count:
            key, told = newest[place]
            by = Actor(node, key.network_address)
            detail: dict[str, str | int] = {"count": count, "protocol": key.protocol}
            yield Event(Kind.GUESSED, place[0], by, told.last_at, detail)


def _count(counts: Mapping[Hour, int]) -> dict[Hour, int]:
    """Add to each account's guesses of that hour; return how many there were before."""
    if not counts:
        return {}
    keys = {place: f"mail-guesses:{place[0].pk}" for place in counts}
    rows = Budget.objects.filter(
        key__in=keys.values(), window__in={hour for _account, hour in counts}
    )
    used = {(row.key, row.window): row.used for row in rows}
    before = {place: used.get((keys[place], place[1]), 0) for place in counts}
    Budget.objects.bulk_create(
        [
            Budget(key=keys[place], window=place[1], used=before[place] + count)
            for place, count in counts.items()
        ],
        update_conflicts=True,
        unique_fields=["key", "window"],
        update_fields=["used"],
    )
    return before


def _outcomes(
    logons: Logons, passwords: Passwords, reason: str
) -> Iterator[tuple[Password, Alike, Told]]:
    """The logons by client passwords with this outcome, in the order they began."""
    for key, told in sorted(logons.items(), key=lambda item: item[1].first_at):
        password = passwords.get(key.credential or 0)
        if password is not None and key.reason == reason:
            yield password, key, told


def _event(
    kind: Kind, password: Password, key: Alike, at: datetime, node: str
) -> Event:
    detail: dict[str, str | int] = {
        "device": password.label,
        "credential": password.pk,
        "protocol": key.protocol,
    }
    return Event(kind, password.account, Actor(node, key.network_address), at, detail)
