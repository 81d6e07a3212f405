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
from clientpasswords.usage.alarms import (
    Accounts,
    Logons,
    Passwords,
    UsageRow,
    UsedPassword,
)
from clientpasswords.usage.summary import LogonKey, Summary

# What logons have in common that are one line, besides when they were.
KEY_FIELDS = [
    "account",
    "client_password",
    "protocol",
    "reason",
    "by_web_password",
    "network_address",
    "node",
]
SPAN_FIELDS = ["first_at", "last_at", "count"]
USAGE_FIELDS = UsageRow._fields
# Logons that are alike and follow within this time are one line with a count.
MERGE_WITHIN = timedelta(hours=1)


HistoryKey = tuple[int, int | None, str, str, bool, str | None, str]


class HistoryRow(NamedTuple):
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
    accounts = _lock_accounts(summary.logons)
    logons = {
        key: stats for key, stats in summary.logons.items() if key.address in accounts
    }
    passwords = _find_passwords(logons, accounts)
    alarms.record_alarms(logons, accounts, passwords, node=node)
    _write_usage(logons, passwords, node)
    _write_logons(logons, accounts, passwords, node)


def last_logons(accounts: Iterable[Account]) -> dict[int, datetime]:
    """Return when a mail program was last let in, of those of which one was. One query.

    The webmail is none.
    """
    by_program = Q(client_password__isnull=False) | Q(by_web_password=True)
    rows = Logon.objects.filter(by_program, reason="", account__in=list(accounts))
    return dict(rows.order_by().values_list("account").annotate(Max("last_at")))


def never_used_passwords(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Those that could be used and have not been."""
    # PostgreSQL guesses well how many lack something if it is asked in this way.
    uses = Usage.objects.filter(client_password=OuterRef("pk"))
    return passwords.live().filter(~Exists(uses))


def idle_passwords(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Those that could be used, and were for the last time so long ago."""
    since = timezone.now() - IDLE_AFTER
    return passwords.live().filter(usage__last_at__lt=since)


def forget() -> int:
    """Delete logons that are too old, or too many for one account; return how many."""
    count = Logon.objects.filter(last_at__lt=retention.LOGONS.oldest).delete()[0]
    surplus = retention.LOGONS.surplus(Logon.objects.all(), "account_id")
    return count + Logon.objects.filter(pk__in=surplus).delete()[0]


def _lock_accounts(keys: Iterable[LogonKey]) -> Accounts:
    """The accounts of these logons; other mail servers' followers wait for us.

    In one order, so that nobody waits in a circle.
    """
    addresses = {key.address for key in keys}
    rows = Account.objects.select_for_update(no_key=True).only("address")
    return {
        row.address: row for row in rows.filter(address__in=addresses).order_by("pk")
    }


def _find_passwords(logons: Logons, accounts: Accounts) -> Passwords:
    """The client passwords of these logons that have not been forgotten since."""
    pks = {key.credential for key in logons if key.credential is not None}
    by_pk = {account.pk: account for account in accounts.values()}
    rows = ClientPassword.objects.filter(pk__in=pks, account__in=by_pk).values_list(
        "pk",
        "account",
        "label",
        "suspends_at",
        *(f"usage__{name}" for name in USAGE_FIELDS),
    )
    return {
        pk: UsedPassword(
            pk, by_pk[account], label, suspends_at, UsageRow(*use) if use[0] else None
        )
        for pk, account, label, suspends_at, *use in rows
    }


def _write_usage(logons: Logons, passwords: Passwords, node: str) -> None:
    """One row a password: its first use ever, and all of its last one.

    Whoever was told that it will be suspended has used it.
    """
    uses: dict[int, UsageRow] = {}
    for key, stats in logons.items():
        password = passwords.get(key.credential or 0)
        if password is not None and not key.reason:
            pk = password.pk
            when = (stats.first_at, stats.last_at)
            use = UsageRow(pk, *when, key.protocol, key.network_address, node)
            uses[pk] = _merge(use, uses.get(pk) or password.used)
    bulk.write_rows(
        Usage,
        USAGE_FIELDS,
        uses.values(),
        unique=["client_password"],
        update=USAGE_FIELDS[1:],
    )
    if any(passwords[pk].suspends_at for pk in uses):
        ClientPassword.objects.filter(pk__in=uses).update(suspends_at=None)


def _merge(use: UsageRow, other: UsageRow | None) -> UsageRow:
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
    open_rows = _open_rows(logons, accounts, node)
    extended: dict[HistoryKey, HistoryRow] = {}
    new = []
    for key, stats in logons.items():
        history_key = (
            accounts[key.address].pk,
            key.credential if key.credential in passwords else None,
            key.protocol,
            key.reason,
            key.by_web_password,
            key.network_address,
            node,
        )
        row = extended.get(history_key) or open_rows.get(history_key)
        if row is None:
            new.append((*history_key, stats.first_at, stats.last_at, stats.count))
        else:
            last_at = max(row.last_at, stats.last_at)
            times = row.times + stats.count
            extended[history_key] = HistoryRow(row.pk, row.first_at, last_at, times)
    bulk.write_rows(
        Logon,
        [*KEY_FIELDS, "id", *SPAN_FIELDS],
        [(*history_key, *row) for history_key, row in extended.items()],
        unique=["id"],
        update=["last_at", "count"],
    )
    bulk.write_rows(Logon, [*KEY_FIELDS, *SPAN_FIELDS], new)


def _open_rows(
    logons: Logons, accounts: Accounts, node: str
) -> dict[HistoryKey, HistoryRow]:
    if not logons:
        return {}
    addresses = {key.network_address for key in logons}
    from_addresses = Q(network_address__in=addresses - {None})
    if None in addresses:
        from_addresses |= Q(network_address=None)
    rows = Logon.objects.filter(
        from_addresses,
        account__in=accounts.values(),
        last_at__gte=min(stats.first_at for stats in logons.values()) - MERGE_WITHIN,
        node=node,
    )
    values = rows.order_by("last_at").values_list(*KEY_FIELDS, "id", *SPAN_FIELDS)
    return {
        row[: len(KEY_FIELDS)]: HistoryRow(*row[len(KEY_FIELDS) :]) for row in values
    }
