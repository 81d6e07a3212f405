"""When, from where and with what success mail programs logged on."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Exists, F, Max, OuterRef, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Account
from clientpasswords import alarms
from clientpasswords.alarms import Accounts, Logons, Passwords
from clientpasswords.models import (
    ClientPassword,
    ClientPasswordQuerySet,
    Logon,
    Usage,
)
from clientpasswords.models.password import IDLE_AFTER
from clientpasswords.summary import Alike, Summary

# What changes with every use of a client password.
LAST_USE = ["last_at", "protocol", "network_address", "node"]
# What is read of a client password.
NEEDED = [
    "account_id",
    "label",
    "suspends_at",
    *(f"usage__{name}" for name in ("client_password_id", "first_at", *LAST_USE)),
]
# Logons that are alike and follow within this time are one line with a count.
ONE_LINE = timedelta(hours=1)


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
    oldest = timezone.now() - timedelta(days=settings.LOGONS_KEPT_DAYS)
    count = Logon.objects.filter(last_at__lt=oldest).delete()[0]
    newest_first = Window(
        RowNumber(), partition_by="account_id", order_by=[F("last_at").desc(), "-pk"]
    )
    surplus = Logon.objects.annotate(place=newest_first).filter(
        place__gt=settings.LOGONS_KEPT_AN_ACCOUNT
    )
    pks = list(surplus.values_list("pk", flat=True))
    return count + Logon.objects.filter(pk__in=pks).delete()[0]


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
    passwords = ClientPassword.objects.filter(pk__in=pks, account__in=by_pk)
    rows = {row.pk: row for row in passwords.select_related("usage").only(*NEEDED)}
    for row in rows.values():
        row.account = by_pk[row.account_id]
    return rows


def _write_usage(logons: Logons, passwords: Passwords, node: str) -> None:
    """One row a password: its first use ever, and all of its last one.

    Whoever was told that it will be suspended has used it.
    """
    rows: dict[int, Usage] = {}
    for key, told in logons.items():
        password = passwords.get(key.credential or 0)
        if password is None or key.reason:
            continue
        row = Usage(
            client_password_id=password.pk,
            first_at=told.first_at,
            last_at=told.last_at,
            protocol=key.protocol,
            network_address=key.network_address,
            node=node,
        )
        rows[password.pk] = _merged(row, rows.get(password.pk) or password.used)
    Usage.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["client_password"],
        update_fields=["first_at", *LAST_USE],
    )
    if any(passwords[pk].suspends_at for pk in rows):
        ClientPassword.objects.filter(pk__in=rows).update(suspends_at=None)


def _merged(row: Usage, other: Usage | None) -> Usage:
    """Return `row` with what `other` knows of before it, or of after it.

    Mail servers that were away tell of old logons after others told of newer ones.
    """
    if other is not None:
        row.first_at = min(row.first_at, other.first_at)
        if other.last_at > row.last_at:
            for name in LAST_USE:
                setattr(row, name, getattr(other, name))
    return row


def _write_logons(
    logons: Logons, accounts: Accounts, passwords: Passwords, node: str
) -> None:
    """Lengthen the lines that go on, begin new ones for the rest."""
    going_on = _lines_going_on(logons, accounts, node)
    longer, new = [], []
    for key, told in logons.items():
        row = Logon(
            account=accounts[key.address],
            client_password_id=key.credential if key.credential in passwords else None,
            protocol=key.protocol,
            reason=key.reason,
            by_web_password=key.by_web_password,
            network_address=key.network_address,
            node=node,
            first_at=told.first_at,
            last_at=told.last_at,
            count=told.count,
        )
        line = going_on.get(_same(row))
        if line is None:
            new.append(row)
        else:
            line.last_at = max(line.last_at, told.last_at)
            line.count += told.count
            longer.append(line)
    # Not bulk_update, whose statement takes the database longer for each further row.
    Logon.objects.bulk_create(
        longer,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=["last_at", "count"],
    )
    Logon.objects.bulk_create(new)


def _lines_going_on(
    logons: Logons, accounts: Accounts, node: str
) -> dict[tuple[object, ...], Logon]:
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
    return {_same(row): row for row in rows.order_by("last_at")}


def _same(row: Logon) -> tuple[object, ...]:
    return (
        row.account_id,
        row.client_password_id,
        row.protocol,
        row.reason,
        row.by_web_password,
        row.network_address,
        row.node,
    )
