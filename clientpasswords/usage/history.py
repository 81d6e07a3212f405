"""When, from where and with what success mail programs logged on."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db.models import Exists, Max, OuterRef, Q
from django.utils import timezone

from accounts import retention
from accounts.models import Account
from clientpasswords.models import (
    ClientPassword,
    ClientPasswordQuerySet,
    Logon,
    Usage,
)
from clientpasswords.models.password import IDLE_AFTER
from clientpasswords.usage import alarms, bulk
from clientpasswords.usage.alarms import Accounts, Logons, Password, Passwords, Use
from clientpasswords.usage.summary import Alike, Summary

# What logons have in common that are one line, besides when they were.
SAME = [
    "account",
    "client_password",
    "protocol",
    "reason",
    "by_web_password",
    "network_address",
    "node",
]
SPAN = ["first_at", "last_at", "count"]
USE = Use._fields
# Logons that are alike and follow within this time are one line with a count.
ONE_LINE = timedelta(hours=1)


Same = tuple[int, int | None, str, str, bool, str | None, str]


class Line(NamedTuple):
    """A line of the history that goes on."""

    pk: int
    first_at: datetime
    last_at: datetime
    times: int


def write(summary: Summary, *, node: str) -> None:
    """Add a summary to the history, raise its alarms; call it inside a transaction.

    Addresses that are no mailbox of ours leave no trace: they may be passwords that
    somebody typed into the wrong field.
    """
    accounts = _lock_accounts(summary.told)
    logons = {
        key: told for key, told in summary.told.items() if key.address in accounts
    }
    passwords = _passwords(logons, accounts)
    alarms.raise_all(logons, accounts, passwords, node=node)
    _write_usage(logons, passwords, node)
    _write_logons(logons, accounts, passwords, node)


def last_logons(accounts: Iterable[Account]) -> dict[int, datetime]:
    """Return when a mail program was last let in, of those of which one was. One query.

    The webmail is none.
    """
    by_program = Q(client_password__isnull=False) | Q(by_web_password=True)
    rows = Logon.objects.filter(by_program, reason="", account__in=list(accounts))
    return dict(rows.order_by().values_list("account").annotate(Max("last_at")))


def never_used(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Those that could be used and have not been."""
    # PostgreSQL guesses well how many lack something if it is asked in this way.
    uses = Usage.objects.filter(client_password=OuterRef("pk"))
    return passwords.live().filter(~Exists(uses))


def idle(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Those that could be used, and were for the last time so long ago."""
    since = timezone.now() - IDLE_AFTER
    return passwords.live().filter(usage__last_at__lt=since)


def forget() -> int:
    """Delete logons that are too old, or too many for one account; return how many."""
    count = Logon.objects.filter(last_at__lt=retention.LOGONS.oldest).delete()[0]
    surplus = retention.LOGONS.surplus(Logon.objects.all(), "account_id")
    return count + Logon.objects.filter(pk__in=surplus).delete()[0]


def _lock_accounts(keys: Iterable[Alike]) -> Accounts:
    """The accounts of these logons; other mail servers' followers wait for us.

    In one order, so that nobody waits in a circle.
    """
    addresses = {key.address for key in keys}
    rows = Account.objects.select_for_update(no_key=True).only("address")
    return {
        row.address: row for row in rows.filter(address__in=addresses).order_by("pk")
    }


def _passwords(logons: Logons, accounts: Accounts) -> Passwords:
    """The client passwords of these logons that have not been forgotten since."""
    pks = {key.credential for key in logons if key.credential is not None}
    by_pk = {account.pk: account for account in accounts.values()}
    rows = ClientPassword.objects.filter(pk__in=pks, account__in=by_pk).values_list(
        "pk", "account", "label", "suspends_at", *(f"usage__{name}" for name in USE)
    )
    return {
        pk: Password(
            pk, by_pk[account], label, suspends_at, Use(*use) if use[0] else None
        )
        for pk, account, label, suspends_at, *use in rows
    }


def _write_usage(logons: Logons, passwords: Passwords, node: str) -> None:
    """One row a password: its first use ever, and all of its last one.

    Whoever was told that it will be suspended has used it.
    """
    uses: dict[int, Use] = {}
    for key, told in logons.items():
        password = passwords.get(key.credential or 0)
        if password is not None and not key.reason:
            pk = password.pk
            when = (told.first_at, told.last_at)
            use = Use(pk, *when, key.protocol, key.network_address, node)
            uses[pk] = _merged(use, uses.get(pk) or password.used)
    bulk.write(Usage, USE, uses.values(), unique=["client_password"], update=USE[1:])
    if any(passwords[pk].suspends_at for pk in uses):
        ClientPassword.objects.filter(pk__in=uses).update(suspends_at=None)


def _merged(use: Use, other: Use | None) -> Use:
    """Return `use` with what `other` knows of before it, or of after it.

    Mail servers that were away tell of old logons after others told of newer ones.
    """
    if other is None:
        return use
    later = other if other.last_at > use.last_at else use
    return later._replace(first_at=min(use.first_at, other.first_at))


def _write_logons(
    logons: Logons, accounts: Accounts, passwords: Passwords, node: str
) -> None:
    """Lengthen the lines that go on, begin new ones for the rest."""
    going_on = _lines_going_on(logons, accounts, node)
    longer: dict[Same, Line] = {}
    new = []
    for key, told in logons.items():
        same = (
            accounts[key.address].pk,
            key.credential if key.credential in passwords else None,
            key.protocol,
            key.reason,
            key.by_web_password,
            key.network_address,
            node,
        )
        line = longer.get(same) or going_on.get(same)
        if line is None:
            new.append((*same, told.first_at, told.last_at, told.count))
        else:
            last_at = max(line.last_at, told.last_at)
            times = line.times + told.count
            longer[same] = Line(line.pk, line.first_at, last_at, times)
    bulk.write(
        Logon,
        [*SAME, "id", *SPAN],
        [(*same, *line) for same, line in longer.items()],
        unique=["id"],
        update=["last_at", "count"],
    )
    bulk.write(Logon, [*SAME, *SPAN], new)


def _lines_going_on(logons: Logons, accounts: Accounts, node: str) -> dict[Same, Line]:
    if not logons:
        return {}
    places = {key.network_address for key in logons}
    from_there = Q(network_address__in=places - {None})
    if None in places:
        from_there |= Q(network_address=None)
    rows = Logon.objects.filter(
        from_there,
        account__in=accounts.values(),
        last_at__gte=min(told.first_at for told in logons.values()) - ONE_LINE,
        node=node,
    )
    values = rows.order_by("last_at").values_list(*SAME, "id", *SPAN)
    return {row[: len(SAME)]: Line(*row[len(SAME) :]) for row in values}
