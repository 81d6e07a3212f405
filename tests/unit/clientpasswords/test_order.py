"""The list: in which order, which device is named as dispensable, where each leads."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import URLPattern, include, path, reverse
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Policy
from clientpasswords.models import Usage
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import index as index_views
from tests import factories
from tests.factories import make_client_password, make_usage
from tests.unit.support import words_of

INDEX = "/settings/account-security/"
HINT = "Least used: delete it?"


def used(account: Account, name: str, days_ago: int | None, *, made: int = 0) -> None:
    made_at = timezone.now() - timedelta(days=made)
    row, _secret = make_client_password(account, name, created_at=made_at)
    if days_ago is not None:
        make_usage(row, ago=timedelta(days=days_ago))


def names_in(page: str) -> list[str]:
    return re.findall(r"<h4[^>]*>\s*<a[^>]*><bdi>(.*?)</bdi>", page)


def test_last_used_comes_first_and_never_used_last(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    used(alice, "Last week", 7)
    used(alice, "Today", 0)
    used(alice, "Never", None)
    used(alice, "Last month", 30)

    page = browser.get(INDEX).content.decode()

    assert names_in(page) == ["Today", "Last week", "Last month", "Never"]
    assert HINT not in page


@pytest.mark.parametrize(
    ("devices", "named"),
    [
        ([("Last month", 99, 30), ("Today", 99, 0)], "Last month"),
        ([("Last month", 99, 30), ("Made after", 29, None)], "Last month"),
        ([("Last month", 99, 30), ("Made before", 31, None)], "Made before"),
        ([("Last month", 99, 30), ("New", 0, None)], "Last month"),
        ([("Yesterday", 99, 1), ("New", 0, None)], "Yesterday"),
        ([("Never", 5, None), ("Neither", 4, None)], "Never"),
        ([("Never", 1, None), ("New", 0, None)], "Never"),
        ([("New", 0, None), ("New too", 0, 0)], None),
    ],
)
def test_at_the_limit_the_one_used_least_lately_is_pointed_out(
    browser: Client,
    alice: Account,
    clock: Traveller,
    devices: list[tuple[str, int, int | None]],
    named: str | None,
) -> None:
    """Of each: how many days ago it was made, and used."""
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(max_client_passwords=len(devices))
    browser.force_login(alice)
    for name, made, days_ago in devices:
        used(alice, name, days_ago, made=made)

    page = browser.get(INDEX).content.decode()

    hinted = [
        names_in(part) for part in page.split('<li class="device') if HINT in part
    ]
    assert hinted == ([[named]] if named else [])


@pytest.mark.parametrize(("hours", "count"), [(23, 0), (24, 1)])
def test_whoever_has_just_made_one_is_not_asked_to_delete_it(
    browser: Client, alice: Account, clock: Traveller, hours: int, count: int
) -> None:
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(max_client_passwords=1)
    used(alice, "New", None)
    clock.shift(timedelta(hours=hours))
    browser.force_login(alice)

    assert browser.get(INDEX).content.decode().count(HINT) == count


# Routes with figures in front of and behind the key.
FIGURES = [
    path("0/<int:pk>/v10/", index_views.index, name="device"),
    path("1/<int:pk>0", index_views.index, name="delete"),
    path("2/<int:pk>/0", index_views.index, name="replace"),
]


@pytest.mark.parametrize("routes", [None, FIGURES])
def test_each_row_has_the_addresses_of_its_own_page_and_window(
    alice: Account, settings: Settings, routes: list[URLPattern] | None
) -> None:
    for name in ("Phone", "Laptop"):
        make_client_password(alice, name)
    if routes is not None:
        settings.ROOT_URLCONF = (path("", include((routes, "clientpasswords"))),)

    rows = SecurityPasswordPage(alice).rows

    assert len({row.page for row in rows}) == 2
    for row in rows:
        key = [row.client_password.pk]
        assert row.page == reverse("clientpasswords:device", args=key)
        assert row.delete_window == reverse("clientpasswords:delete", args=key)


# --- when each was last used ----------------------------------------------------------


@pytest.fixture
def listed(alice: Account, client: Client) -> Client:
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    client.force_login(alice)
    return client


def test_a_password_nobody_used_is_marked(alice: Account, listed: Client) -> None:
    factories.make_client_password(alice)

    assert "Never used" in words_of(listed)


def test_the_last_use_is_shown_with_protocol_and_address(
    alice: Account, listed: Client
) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(minutes=5))

    text = words_of(listed)

    assert "· IMAP · <bdi>192.0.2.7</bdi>" in text
    assert "Never used" not in text
    assert "Not used for 90 days" not in text


def test_programs_read_the_same_time(alice: Account, listed: Client) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(0))
    Usage.objects.update(last_at=datetime(2026, 3, 1, 13, 30, 5, tzinfo=UTC))

    assert '<time datetime="2026-03-01T13:30:05Z" ' in words_of(listed)


def test_a_password_out_of_use_is_marked(alice: Account, listed: Client) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(days=91))

    assert "Not used for 90 days" in words_of(listed)
