"""The overview: each number is the count of the list that it leads to."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import codes, events
from accounts.codes import Purpose
from accounts.events import Kind
from accounts.models import Account, Cutoff
from provisioning import statistics
from provisioning.models import DomainFigures
from tests.factories import make_account, make_client_password, make_policy, make_usage
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import queries_of
from tests.unit.support import HOME


@pytest.fixture
def host(administrator: Client, alice: Account, bob: Account) -> Client:
    """A host with something for every number; no two of them are alike."""
    make_account("off@example.com", is_active=False, client_passwords_on=True)
    make_account("on@example.com", client_passwords_on=True)
    full = make_policy("One", max_client_passwords=1)
    soon = timezone.now() + timedelta(days=9)
    one = make_account("one@example.org", policy=full, policy_until=soon)
    later = timezone.now() + timedelta(days=99)
    make_account("two@example.org", policy=full, policy_until=later)
    make_client_password(one, "Only")
    for number in range(4):
        row, _secret = make_client_password(bob, f"Idle {number}")
        make_usage(row, ago=timedelta(days=91))
    for number in range(5):
        make_client_password(bob, f"New {number}")
    row, _secret = make_client_password(bob, "Deleted", revoked_at=timezone.now())
    make_usage(row, ago=timedelta(days=200))
    make_usage(make_client_password(alice, "In use")[0])
    codes.send_code(alice, Purpose.ISSUE, by=HOME)
    events.record(Kind.CODE_NOT_SENT, alice, by=HOME)
    for kicks in (0, 0, 0, 1):
        Cutoff.objects.create(
            account=alice,
            login_mask="m",
            node="http://one/",
            kicks=kicks,
            due_at=timezone.now(),
        )
    return administrator


def overview(browser: Client) -> Any:
    return browser.get("/admin/").context["overview"]


def test_each_number_is_the_count_of_the_list_behind_it(host: Client) -> None:
    host.post("/admin/figures/")

    shown = {number.list: number.count for number in overview(host).numbers}

    assert list(shown.values()) == [2, 1, 4, 6, 1, 1, 3]
    for page, count in shown.items():
        assert host.get(page).context["cl"].result_count == count, page


def test_the_share_is_of_the_active_mailboxes(host: Client) -> None:
    statistics.count_now()

    assert "33 % of 6 active mailboxes" in host.get("/admin/").content.decode()


def test_numbers_are_those_of_when_they_were_counted(
    host: Client, clock: time_machine.Traveller
) -> None:
    assert overview(host).as_of is None
    call_command("work_jobs", "--once")
    first = overview(host)
    make_account("new@example.com", client_passwords_on=True)
    clock.shift(timedelta(minutes=4))
    call_command("work_jobs", "--once")
    kept = overview(host)
    clock.shift(timedelta(minutes=2))
    call_command("work_jobs", "--once")
    anew = overview(host)

    assert [each.numbers[0].count for each in (first, kept, anew)] == [2, 2, 3]
    assert first.as_of == kept.as_of < anew.as_of


def test_it_is_said_when_nobody_counts(host: Client) -> None:
    statistics.count_now()
    assert "work_jobs" not in host.get("/admin/").content.decode()

    long_ago = timezone.now() - timedelta(minutes=16)
    DomainFigures.objects.update(counted_at=long_ago)

    assert "work_jobs" in host.get("/admin/").content.decode()


def test_counting_is_asked_for_by_a_form(host: Client) -> None:
    assert host.get("/admin/figures/").status_code == 302

    assert not DomainFigures.objects.exists()


def test_the_overview_asks_little(host: Client) -> None:
    statistics.count_now()

    assert len(queries_of(host, "/admin/")) <= MOST_QUERIES


def test_no_part_of_the_index_is_called_as_programs_call_it(
    administrator: Client,
) -> None:
    parts = administrator.get("/admin/").context["app_list"]

    names = {part["app_label"]: str(part["name"]) for part in parts}

    assert names["otp_totp"] == "Two-step sign-in: authenticator apps"
    assert not [name for name in names.values() if "_" in name or "OTP" in name.upper()]
