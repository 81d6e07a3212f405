"""Times are where their reader is, on pages, in sentences and in fields."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from pytest_django import Settings

from accounts.models import Account, Policy
from accounts.moments import moment
from tests.factories import make_account, make_client_password, make_usage
from tests.signedin import sign_in_verified
from tests.unit.support import text_of

TEMPLATES = Path(project_settings.BASE_DIR) / "templates"
AT = datetime(2026, 11, 24, 20, 4, tzinfo=UTC)
# What formats a time by itself, without a zone that somebody could read.
BY_HAND = {"date", "time", "timesince", "naturaltime", "isoformat"}
# Columns that are moments, by how their names end.
MOMENT = re.compile(r"\w+\.\w*(_at|_until|_since|_from|until|\bat|expires|seen)")
# A calendar day of the reader, which no filter may shift; a month that we wrote down.
DAYS = {"client_password.last_day", "client.as_of"}


def find_bare_times(text: str) -> list[str]:
    """Return what a template prints as a time without the filter `moment`."""
    printed = [each.strip() for each in re.findall(r"\{\{(.*?)\}\}", text)]
    given = re.findall(r"""\w+=([\w.]+(?:\|\w+(?::["'][^"']*["'])?)+)""", text)
    bare = []
    for each in [*printed, *given]:
        name, *filters = each.split("|")
        kinds = {one.partition(":")[0] for one in filters}
        is_bare = MOMENT.fullmatch(name) and not kinds & {"moment", "timeuntil"}
        if name not in DAYS and (kinds & BY_HAND or is_bare):
            bare.append(each)
    return bare


@pytest.mark.parametrize(
    "path",
    sorted(TEMPLATES.rglob("*.html")),
    ids=lambda path: str(path.relative_to(TEMPLATES)),
)
def test_every_time_on_a_page_goes_through_the_filter(path: Path) -> None:
    assert find_bare_times(path.read_text()) == []


@pytest.mark.parametrize(
    "text",
    [
        "{{ logon.last_at }}",
        "{{ row.expires_at|date }}",
        '{{ x|date:"DATE_FORMAT" }}',
        "{{ row.seen|timesince }}",
        "{% blocktranslate with day=row.made_at|date %}",
        "{% blocktranslate with day=row.made_at|date:'DATE_FORMAT' left=row.x %}",
    ],
)
def test_a_time_without_it_is_found(text: str) -> None:
    assert find_bare_times(text)
    assert not find_bare_times("{{ logon.last_at|moment:'ago' }}")


@pytest.mark.parametrize(
    ("length", "zone", "clock", "shown"),
    [
        ("short", "Asia/Singapore", "04:04:00 (UTC+8)", "25 Nov 2026, 04:04 (UTC+8)"),
        (
            "ago",
            "America/St_Johns",
            "16:34:00 (UTC-3:30)",
            "24 Nov 2026, 16:34 (UTC-3:30)",
        ),
        ("long", "UTC", "20:04:00 (UTC)", "24 November 2026, 20:04 (UTC)"),
        ("day", "Asia/Singapore", "04:04:00 (UTC+8)", "25 November 2026"),
    ],
)
def test_a_moment_is_a_time_that_the_script_can_read(
    length: str, zone: str, clock: str, shown: str
) -> None:
    with timezone.override(zone), translation.override("en"):
        written = moment(AT, length)
        day = date_format(timezone.localtime(AT), "DATE_FORMAT")

    start = f'<time datetime="2026-11-24T20:04:00Z" data-moment="{length}"'
    assert written == f'{start} title="{day} {clock}">{shown}</time>'


@pytest.mark.parametrize(
    ("zones", "shown"),
    [
        (("Asia/Singapore", "Europe/Berlin"), "25 Nov 2026, 04:04 (UTC+8)"),
        (("", "Asia/Singapore"), "25 Nov 2026, 04:04 (UTC+8)"),
        (("Mars/Olympus", ""), "24 Nov 2026, 15:04 (UTC-5)"),
        (("", ""), "24 Nov 2026, 15:04 (UTC-5)"),
    ],
    ids=["browser", "account", "invalid", "host"],
)
def test_pages_are_in_the_zone_of_the_browser_of_the_account_or_of_the_host(
    alice: Account,
    browser: Client,
    settings: Settings,
    zones: tuple[str, str],
    shown: str,
) -> None:
    settings.TIME_ZONE = "America/New_York"
    browser.cookies["time_zone"], kept = zones
    Account.objects.update(time_zone=kept, client_passwords_on=True)
    row, _secret = make_client_password(alice, "Phone")
    make_usage(row, first_at=AT, last_at=AT)

    assert shown in text_of(browser)
    assert timezone.get_current_timezone_name() == "America/New_York"


def test_a_last_day_is_a_day_of_the_reader(alice: Account, browser: Client) -> None:
    Account.objects.update(client_passwords_on=True)
    row, _secret = make_client_password(alice, "Phone")
    browser.cookies["time_zone"] = "Asia%2FSingapore"  # as when.js writes it
    limits = {"access": "all", "expires": "2027-01-31"}
    page = reverse("clientpasswords:limit", args=[row.pk])

    browser.post(page, limits)

    row.refresh_from_db()
    assert row.expires_at == datetime(2027, 1, 31, 16, tzinfo=UTC)
    assert "Works until the end of 31 January 2027" in text_of(browser)

    # Elsewhere it is no end of a day. It stays as it is while nobody changes it.
    browser.cookies["time_zone"] = "Europe/Berlin"
    assert "31 Jan 2027, 17:00 (UTC+1)" in text_of(browser)
    browser.post(page, limits | {"networks": "192.0.2.0/24"})
    row.refresh_from_db()
    assert row.networks == "192.0.2.0/24"
    assert row.expires_at == datetime(2027, 1, 31, 16, tzinfo=UTC)


def test_an_administrator_types_and_reads_times_of_one_zone(db: None) -> None:
    boss = make_account("boss@ours.example", is_staff=True, is_superuser=True)
    browser = sign_in_verified(boss)
    browser.cookies["time_zone"] = "Asia/Singapore"
    policy = Policy.objects.create(
        name="Soon", client_passwords_required=True, required_from=AT
    )

    page = reverse("admin:accounts_policy_change", args=[policy.pk])
    text = browser.get(page).content.decode()

    assert 'value="04:04' in text
    assert 'value="2026-11-25"' in text
    assert "Times are in the time zone Asia/Singapore." in text


@pytest.mark.parametrize(
    ("language", "now"),
    [
        ("en", "just now"),
        ("de", "gerade eben"),
        ("zh-hans", "刚刚"),
        ("zh-hant", "剛剛"),
    ],
)
@pytest.mark.parametrize("base", ["base.html", "admin/base_site.html"])
def test_the_script_has_just_now_in_the_language(
    db: None, base: str, language: str, now: str
) -> None:
    with translation.override(language):
        page = render_to_string(base, {"scheme": "light"})

    assert f'data-just-now="{now}"' in page


@pytest.mark.parametrize(
    ("language", "comma"), [("en", ", "), ("de", ", "), ("zh-hans", "\uff0c")]
)
def test_the_live_line_has_the_comma_of_the_language(language: str, comma: str) -> None:
    with translation.override(language):
        line = render_to_string("clientpasswords/_stages.html")

    assert f'data-comma="{comma}"' in line
