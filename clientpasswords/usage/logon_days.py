"""In which hours of each day mail programs were let in and refused, by password."""

from collections import defaultdict
from datetime import date, timedelta
from typing import NamedTuple

from accounts import retention
from clientpasswords.models import LogonDay
from clientpasswords.usage import bulk
from clientpasswords.usage.alarms import Accounts, Logons, Passwords
from clientpasswords.usage.summary import LogonKey

KEY_FIELDS = ["account", "client_password", "day"]
HOUR_FIELDS = ["hours_let_in", "hours_refused"]
HOURS_A_DAY = 24
EPOCH = date(1970, 1, 1)


class DayKey(NamedTuple):
    """The keys of the account and of the security password, if any, and the day."""

    account: int
    client_password: int | None
    day: date


class Hours(NamedTuple):
    """The hours of a day as bits."""

    let_in: int = 0
    refused: int = 0


def write_days(logons: Logons, accounts: Accounts, passwords: Passwords) -> None:
    """Add the hours of these logons, and write the days that have new ones.

    Its callers hold locks on the accounts: nobody else writes their days. A program
    that logs on every minute makes 24 writes a day at most.
    """
    days: defaultdict[DayKey, Hours] = defaultdict(Hours)
    for key, stats in logons.items():
        if not _is_by_webmail(key):
            credential = key.credential if key.credential in passwords else None
            for hour in stats.hours:
                number, hour_of_day = divmod(hour, HOURS_A_DAY)
                day = EPOCH + timedelta(days=number)
                day_key = DayKey(accounts[key.address].pk, credential, day)
                days[day_key] = _add(days[day_key], key, 1 << hour_of_day)
    if days:
        _write(days)


def forget() -> int:
    """Delete days beyond their retention; return how many."""
    oldest = retention.LOGON_DAYS.oldest.date()
    return LogonDay.objects.filter(day__lt=oldest).delete()[0]


def _is_by_webmail(key: LogonKey) -> bool:
    return not (key.reason or key.credential or key.by_web_password)


def _add(hours: Hours, key: LogonKey, bit: int) -> Hours:
    if key.reason:
        return hours._replace(refused=hours.refused | bit)
    return hours._replace(let_in=hours.let_in | bit)


def _write(days: dict[DayKey, Hours]) -> None:
    rows = LogonDay.objects.filter(
        account__in={key.account for key in days}, day__in={key.day for key in days}
    )
    found = {
        DayKey(*values[:3]): values[3:]
        for values in rows.values_list(*KEY_FIELDS, "id", *HOUR_FIELDS)
    }
    new, changed = [], []
    for key, hours in days.items():
        if key not in found:
            new.append((*key, *hours))
            continue
        pk, let_in, refused = found[key]
        merged = Hours(let_in | hours.let_in, refused | hours.refused)
        if merged != (let_in, refused):
            changed.append((*key, pk, *merged))
    names = [*KEY_FIELDS, "id", *HOUR_FIELDS]
    bulk.write_rows(LogonDay, names, changed, unique=["id"], update=HOUR_FIELDS)
    bulk.write_rows(LogonDay, [*KEY_FIELDS, *HOUR_FIELDS], new)
