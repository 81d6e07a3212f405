"""The logon history: when, from where, and with what result."""

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
from clientpasswords.usage import alarms, bulk, daily, logon_days
from clientpasswords.usage.alarms import (
    Accounts,
    Logons,
    Passwords,
    UsageRow,
    UsedPassword,
)
from clientpasswords.usage.late_logons import review_late_logons
from clientpasswords.usage.summary import LogonKey, Summary

# The fields that logons share if they are one row of the history.
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
# Logons with the same key within this time become one row with a count.
MERGE_WITHIN = timedelta(hours=1)
# Logons that are looked at for one account.
RECENT = 100
# An older refusal is not what somebody asks for help about.
REFUSAL_MATTERS = timedelta(days=7)


HistoryKey = tuple[int, int | None, str, str, bool, str | None, str]


class HistoryRow(NamedTuple):
    """A row of the history that can still be extended."""

    pk: int
    first_at: datetime
    last_at: datetime
    times: int


def write(summary: Summary, *, node: str) -> None:
    """Add a summary to the history and record its security events.

    Call it inside a transaction. Addresses of no mailbox are dropped: they may be
    passwords that were typed into the wrong field.
    """
    accounts = _lock_accounts(summary.logons)
    logons = {
        key: stats for key, stats in summary.logons.items() if key.address in accounts
    }
    passwords = _find_passwords(logons, accounts)
    alarms.record_alarms(logons, accounts, passwords, node=node)
    _write_usage(logons, passwords, node)
    _write_logons(logons, accounts, passwords, node)
    logon_days.write_days(logons, accounts, passwords)
    review_late_logons(logons)
    # The last: mailboxes of one domain share these rows, and whoever has written them
    # makes other followers wait until the end of the transaction.
    daily.add_logons(logons, accounts)


def last_logons(accounts: Iterable[Account]) -> dict[int, datetime]:
    """Return, by account, when a mail program was last let in. One query.

    The webmail does not count. Accounts without such a logon are left out.
    """
    by_program = Q(client_password__isnull=False) | Q(by_web_password=True)
    rows = Logon.objects.filter(by_program, reason="", account__in=list(accounts))
    return dict(rows.order_by().values_list("account").annotate(Max("last_at")))


def get_recent_logons(account: Account) -> list[Logon]:
    """Return the newest logons of the account, `RECENT` at most. One query."""
    return list(account.logons.select_related("client_password")[:RECENT])


def find_newest_refusal(recent: Iterable[Logon]) -> Logon | None:
    """Return the newest refusal of `REFUSAL_MATTERS` that is still open.

    It is open until a logon by the same protocol from the same address is let in.
    `recent` has the logons of one account, the newest first.
    """
    since = timezone.now() - REFUSAL_MATTERS
    let_in = set()
    for logon in recent:
        place = (logon.protocol, logon.network_address)
        if not logon.reason:
            let_in.add(place)
        elif place not in let_in and logon.last_at > since:
            return logon
    return None


def never_used_passwords(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Filter passwords that are not deleted and were never used."""
    # PostgreSQL estimates the number of rows well for NOT EXISTS.
    uses = Usage.objects.filter(client_password=OuterRef("pk"))
    return passwords.live().filter(~Exists(uses))


def idle_passwords(passwords: ClientPasswordQuerySet) -> ClientPasswordQuerySet:
    """Filter passwords that are not deleted and were last used before `IDLE_AFTER`."""
    since = timezone.now() - IDLE_AFTER
    return passwords.live().filter(usage__last_at__lt=since)


def forget() -> int:
    """Delete logons beyond the retention time or number; return how many."""
    count = Logon.objects.filter(last_at__lt=retention.LOGONS.oldest).delete()[0]
    surplus = retention.LOGONS.surplus(Logon.objects.all(), "account_id")
    return count + Logon.objects.filter(pk__in=surplus).delete()[0]


def _lock_accounts(keys: Iterable[LogonKey]) -> Accounts:
    """Lock and return the accounts of these logons by address.

    All followers lock in the same order, which prevents deadlocks.
    """
    addresses = {key.address for key in keys}
    rows = Account.objects.select_for_update(no_key=True).only("address", "domain")
    return {
        row.address: row for row in rows.filter(address__in=addresses).order_by("pk")
    }


def _find_passwords(logons: Logons, accounts: Accounts) -> Passwords:
    """Return the client passwords of these logons that still exist."""
    pks = {key.credential for key in logons if key.credential is not None}
    by_pk = {account.pk: account for account in accounts.values()}
    found = ClientPassword.objects.filter(pk__in=pks, account__in=by_pk).order_by()
    rows = found.values_list(
        "pk",
        "account",
        "label",
        "suspends_at",
        "is_silenced",
        "replaces_id",
        *(f"usage__{name}" for name in USAGE_FIELDS),
    )
    return {
        pk: UsedPassword(
            pk,
            by_pk[account],
            label,
            suspends_at,
            is_silenced,
            replaces is not None,
            UsageRow(*use) if use[0] else None,
        )
        for pk, account, label, suspends_at, is_silenced, replaces, *use in rows
    }


def _write_usage(logons: Logons, passwords: Passwords, node: str) -> None:
    """Write one row for each used password: its first use, and its last one.

    A use cancels a suspension for inactivity that its owner was notified of.
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
    """Return the later use, with the first use of both.

    A mail server that was offline reports old logons after others reported newer ones.
    """
    if other is None:
        return use
    later = other if other.last_at > use.last_at else use
    return later._replace(first_at=min(use.first_at, other.first_at))


def _write_logons(
    logons: Logons, accounts: Accounts, passwords: Passwords, node: str
) -> None:
    """Extend the open rows of the history, and add new rows for the rest."""
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
