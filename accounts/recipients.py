"""In which language and time zone people read our pages and what is sent to them.

What is sent is for where they last read the portal: the sign-in keeps both in the
account.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, tzinfo
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone, translation

from accounts.models import Account
from accounts.models.account import get_time_zones

# static/js/when.js sets it to the time zone of the browser.
TIME_ZONE_COOKIE = "time_zone"


def remember_reader(request: HttpRequest, account: Account) -> None:
    """Keep the language and the time zone of the browser that has just signed in.

    A language that was chosen in this browser replaces the account's, so that the pages
    stay as they are on the sign-in page; the browser's own only fills an empty one.
    While READ_ONLY is on, nothing is kept.
    """
    if settings.READ_ONLY:
        return
    language = _choose_language(request, account)
    time_zone = _read_time_zone(request) or account.time_zone
    if (language, time_zone) != (account.language, account.time_zone):
        account.language, account.time_zone = language, time_zone
        own = Account.objects.filter(pk=account.pk)
        own.update(language=language, time_zone=time_zone)


@contextmanager
def write_for(account: Account) -> Iterator[None]:
    """Write in the language of the account and in its time zone.

    Without a language it is that of the page that is being answered; without a time
    zone that of the host.
    """
    language = account.language or translation.get_language()
    with (
        translation.override(language or settings.LANGUAGE_CODE),
        timezone.override(find_zone(account.time_zone)),
    ):
        yield


def get_reader_zone(request: HttpRequest) -> tzinfo:
    """Return the time zone of the browser, else of the account, else of the host."""
    return find_reader_zone(request) or timezone.get_default_timezone()


def find_reader_zone(request: HttpRequest) -> tzinfo | None:
    """Return the time zone of the browser, else of the account; None without either."""
    zone = _read_time_zone(request)
    if not zone and request.user.is_authenticated:
        zone = request.user.time_zone
    return ZoneInfo(zone) if zone in get_time_zones() else None


def find_zone(name: str) -> tzinfo:
    """Return the zone, or that of the host if the name is "" or no longer known."""
    is_known = name in get_time_zones()
    return ZoneInfo(name) if is_known else timezone.get_default_timezone()


def describe_distance(local: datetime) -> str:
    """Return how far its time zone is from UTC: "UTC+8", "UTC-3:30"; "UTC" if it is."""
    if str(local.tzinfo) == "UTC":
        return "UTC"
    minutes = int((local.utcoffset() or timedelta()).total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


def _choose_language(request: HttpRequest, account: Account) -> str:
    is_chosen_here = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    if account.language and not is_chosen_here:
        return account.language
    return translation.get_language_from_request(request)


def _read_time_zone(request: HttpRequest) -> str:
    """Return the zone that the browser names; "" unless this host knows it."""
    zone = unquote(request.COOKIES.get(TIME_ZONE_COOKIE, ""))
    return zone if zone in get_time_zones() else ""
