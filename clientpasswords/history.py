"""When, from where and with what success mail programs logged on."""

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from accounts.models import Account
from clientpasswords.models import ClientPassword, Logon, Usage
from clientpasswords.summary import Alike, Summary, Told

# Logons that are alike and follow within this time are one line with a count.
ONE_LINE = timedelta(hours=1)


def write(summary: Summary, *, node: str) -> None:
    """Add a summary to the history; call it inside a transaction.

    Addresses that are no mailbox of ours leave no trace: they may be passwords that
    somebody typed into the wrong field.
    """
    accounts = _accounts(summary.told)
    known = {key: told for key, told in summary.told.items() if key.address in accounts}
    _write_usage(known, node)
    _write_logons(known, accounts, node)


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


def _accounts(keys: Iterable[Alike]) -> dict[str, int]:
    addresses = {key.address for key in keys}
    rows = Account.objects.filter(address__in=addresses)
    return dict(rows.values_list("address", "pk"))


def _write_usage(known: dict[Alike, Told], node: str) -> None:
    """One row a password; the first use stays, the rest is of the newest logon."""
    rows: dict[int, Usage] = {}
    for key, told in sorted(known.items(), key=lambda item: item[1].last_at):
        if key.credential is None or key.reason:
            continue
        earlier = rows.get(key.credential)
        rows[key.credential] = Usage(
            client_password_id=key.credential,
            first_at=min(told.first_at, earlier.first_at) if earlier else told.first_at,
            last_at=told.last_at,
            protocol=key.protocol,
            network_address=key.network_address,
            node=node,
        )
    existing = _existing_passwords(rows)
    Usage.objects.bulk_create(
        [row for pk, row in rows.items() if pk in existing],
        update_conflicts=True,
        unique_fields=["client_password"],
        update_fields=["last_at", "protocol", "network_address", "node"],
    )


def _write_logons(
    known: dict[Alike, Told], accounts: dict[str, int], node: str
) -> None:
    """Lengthen the lines that go on, begin new ones for the rest."""
    existing = _existing_passwords(key.credential for key in known if key.credential)
    going_on = _lines_going_on(known, accounts)
    longer, new = [], []
    for key, told in known.items():
        row = Logon(
            account_id=accounts[key.address],
            client_password_id=key.credential if key.credential in existing else None,
            protocol=key.protocol,
            reason=key.reason,
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
    Logon.objects.bulk_update(longer, ["last_at", "count"])
    Logon.objects.bulk_create(new)


def _lines_going_on(
    known: dict[Alike, Told], accounts: dict[str, int]
) -> dict[tuple[object, ...], Logon]:
    if not known:
        return {}
    since = min(told.first_at for told in known.values()) - ONE_LINE
    rows = Logon.objects.filter(account__in=accounts.values(), last_at__gte=since)
    return {_same(row): row for row in rows.order_by("last_at")}


def _same(row: Logon) -> tuple[object, ...]:
    return (
        row.account_id,
        row.client_password_id,
        row.protocol,
        row.reason,
        row.network_address,
        row.node,
    )


def _existing_passwords(pks: Iterable[int]) -> set[int]:
    rows = ClientPassword.objects.filter(pk__in=list(pks))
    return set(rows.values_list("pk", flat=True))
