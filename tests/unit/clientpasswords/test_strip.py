"""The strip above the list: 30 days of each device, in the days of the reader."""

import re
from datetime import date, timedelta
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account
from accounts.recipients import find_reader_zone
from clientpasswords.models import ClientPassword, LogonDay
from clientpasswords.strip import DAYS, Row, Strip, read_strip
from tests.factories import make_client_password
from tests.unit.support import text_of

TODAY = date(2026, 11, 23)  # of `clock`


def mark(
    account: Account,
    client_password: ClientPassword | None,
    *,
    ago: int = 0,
    let_in: int = 0,
    refused: int = 0,
) -> None:
    """Record hours, given as bits, of a day of UTC."""
    LogonDay.objects.create(
        account=account,
        client_password=client_password,
        day=timezone.now().date() - timedelta(days=ago),
        hours_let_in=let_in,
        hours_refused=refused,
    )


def strip_of(account: Account, zone: str | None = None) -> Strip:
    live = account.client_passwords.live().order_by("pk")
    return read_strip(account, live, ZoneInfo(zone) if zone else None)


def counts(row: Row) -> tuple[dict[date, int], dict[date, int]]:
    """Return the number of hours with success, and without, of each day."""
    return row.let_in, row.refused


def test_each_device_has_its_days_with_the_number_of_hours(
    alice: Account, clock: Traveller
) -> None:
    phone, tablet = (make_client_password(alice, name)[0] for name in ("Phone", "Tab"))
    mark(alice, phone, let_in=0b111, refused=0b1000)
    mark(alice, tablet, ago=29, refused=1)

    strip = strip_of(alice)

    assert [row.name for row in strip.rows] == ["Phone", "Tab"]
    assert [counts(row) for row in strip.rows] == [
        ({TODAY: 3}, {TODAY: 1}),
        ({}, {TODAY - timedelta(days=29): 1}),
    ]
    assert not strip.rows_without_device


def test_what_is_no_device_of_the_list_has_rows_of_its_own(
    alice: Account, clock: Traveller
) -> None:
    deleted, _secret = make_client_password(alice, "Old", revoked_at=timezone.now())
    mark(alice, deleted, refused=1)
    mark(alice, None, let_in=1, refused=6)

    strip = strip_of(alice)

    found = {row.name: counts(row) for row in strip.rows_without_device}
    assert found == {
        "Without a security password": ({TODAY: 1}, {TODAY: 2}),
        "Deleted devices": ({}, {TODAY: 1}),
    }


def test_of_two_passwords_for_one_device_it_says_which_is_which(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    old, _secret = make_client_password(alice, "Phone")
    make_client_password(alice, "Phone", replaces=old)

    strip = browser.get(reverse("clientpasswords:index")).context["page"].strip

    assert [row.name for row in strip.rows] == [
        "Phone (new password)",
        "Phone (old password)",
    ]


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        (None, {0: 2}),
        ("Asia/Singapore", {0: 1, 1: 1}),  # 8 hours ahead
        ("America/New_York", {-1: 1, 0: 1}),  # 5 hours behind
    ],
)
def test_a_day_is_the_readers(
    alice: Account, clock: Traveller, zone: str | None, days: dict[int, int]
) -> None:
    """Noon in UTC; in the first and the last hour of the day before it was used."""
    row, _secret = make_client_password(alice)
    mark(alice, row, ago=1, let_in=1 | 1 << 23)

    (shown,) = strip_of(alice, zone).rows

    yesterday = TODAY - timedelta(days=1)
    assert {(day - yesterday).days: n for day, n in shown.let_in.items()} == days


def test_days_before_the_first_of_the_30_are_left_out(
    alice: Account, clock: Traveller
) -> None:
    row, _secret = make_client_password(alice)
    for ago in (0, DAYS - 1, DAYS, DAYS + 1):
        mark(alice, row, ago=ago, let_in=1)

    (shown,) = strip_of(alice).rows

    assert {(TODAY - day).days for day in shown.let_in} == {0, DAYS - 1}


def test_the_drawing_has_a_bar_and_a_block_and_says_what_they_mean(
    alice: Account, clock: Traveller
) -> None:
    row, _secret = make_client_password(alice)
    mark(alice, row, let_in=(1 << 24) - 1, refused=1)
    mark(alice, row, ago=29, let_in=1)

    drawing = ET.fromstring(strip_of(alice).rows[0].drawing)  # noqa: S314 - our own

    assert drawing.get("aria-label") == "signed in on 2 days, refused on 1 day"
    ground, first, bar, block = drawing
    assert ground.get("class") == "strip-ground"
    assert [each.get("class") for each in (first, bar, block)] == [
        *("strip-let-in", "strip-let-in", "strip-refused"),
    ]
    assert [each.get("d") for each in (first, bar, block)] == [
        *("M1 16h8v4h-8z", "M291 8h8v12h-8z", "M291 0h8v5h-8z"),
    ]
    assert [each[0].text for each in (first, bar, block)] == [
        "Signed in: 25 Oct",
        "Signed in: 23 Nov",
        "Refused: 23 Nov",
    ]


def test_days_in_a_row_are_one_in_drawing_and_table(
    alice: Account, clock: Traveller
) -> None:
    row, _secret = make_client_password(alice)
    for ago in (0, 1, 2, 9):
        mark(alice, row, ago=ago, let_in=1)

    (shown,) = strip_of(alice).rows

    assert shown.days_let_in == "14 Nov, 21 Nov \u2013 23 Nov"
    assert shown.days_refused == ""
    titles = re.findall("<title>(.*?)</title>", shown.drawing)
    assert titles == [
        "Signed in: 14 Nov",
        "Signed in: 21 Nov \u2013 23 Nov",
    ]


@pytest.mark.usefixtures("client_passwords_on")
def test_the_page_shows_three_devices_and_folds_the_others(
    browser: Client, alice: Account
) -> None:
    rows = [make_client_password(alice, f"Device {number}")[0] for number in range(5)]
    mark(alice, rows[0], let_in=1)

    page = text_of(browser)

    shown, folded = page.split("2 more devices, and day by day")
    assert shown.count("strip-name") == 3
    assert folded.count("strip-name") == 2
    assert folded.count('<th scope="row">') == 5
    assert "Last 30 days (days in UTC)" in page


@pytest.mark.usefixtures("client_passwords_on")
def test_the_page_knows_the_zone_by_the_browser(
    browser: Client, alice: Account
) -> None:
    make_client_password(alice)
    browser.cookies["time_zone"] = "Asia%2FSingapore"

    page = text_of(browser)

    assert "Last 30 days" in page
    assert "days in UTC" not in page
    assert "No mail program has signed in." in page
    assert "strip-days" not in page


@pytest.mark.parametrize(
    "name",
    ["", "Nowhere/Else", "../../etc/passwd", "Europe", "x" * 10_000, "\0", "%00", "é/"],
)
def test_a_zone_that_is_none_is_not_known(rf: RequestFactory, name: str) -> None:
    request = rf.get("/")
    request.COOKIES["time_zone"] = name
    request.user = AnonymousUser()

    assert find_reader_zone(request) is None
