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
from accounts.models import Account, Cutoff, Phone
from administration.base.display import NOTHING
from bench import targets
from clientpasswords.models import FollowedLog
from provisioning import statistics
from provisioning.models import DomainFigures
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_policy,
    make_usage,
)
from tests.unit.administration.steps import queries_of
from tests.unit.support import HOME

# Active, off the web password, codes sent; codes not sent, not delivered, cut-offs,
# logs not read, exceptions that end; codes locked, at the limit, unused, never used.
COUNTS = {
    "": [6, 2, 1, 2, 5, 7, 3, 2, 1, 1, 1, 4, 6],
    "example.com": [4, 2, 1, 2, 5, 7, 3, 2, 0, 1, 0, 4, 5],
    "example.org": [2, 0, 0, 0, 0, 0, 0, 2, 1, 0, 1, 0, 1],
}
# With five services that were never seen running.
URGENT = {"": "12", "example.com": "11", "example.org": "7"}
OUTDATED = "Is “manage.py work_jobs” running?"


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
    lost = {Kind.CODE_NOT_SENT: 2, Kind.CODE_UNDELIVERED: 5, Kind.NOTICE_NOT_SENT: 7}
    for kind, times in lost.items():
        for _ in range(times):
            events.record(kind, alice, by=HOME)
    for kicks in (0, 0, 0, 1):
        Cutoff.objects.create(
            account=alice,
            login_mask="m",
            node="http://one/",
            kicks=kicks,
            due_at=timezone.now(),
        )
    Phone.objects.filter(account=bob).update(throttling_failure_count=20)
    long_ago = timezone.now() - timedelta(hours=1)
    for node in "ab":
        FollowedLog.objects.create(node=node, told_at=long_ago, read_to=long_ago)
    return administrator


def overview(browser: Client) -> Any:
    return browser.get("/admin/").context["overview"]


def numbers(found: Any) -> dict[str, str]:
    """The numbers of tiles and lines, by the list that each leads to."""
    tiles = {tile.list: tile.value for tile in found.tiles}
    return tiles | {line.list: line.number for line in found.attention}


@pytest.mark.parametrize("domain", ["", "example.com", "example.org"])
def test_each_number_is_the_count_of_the_list_behind_it(
    host: Client, domain: str
) -> None:
    host.post("/admin/figures/")

    shown = numbers(host.get("/admin/", {"domain": domain}).context["overview"])

    urgent = shown.pop("#attention")
    services = shown.pop("/admin/accounts/heartbeat/")
    assert (urgent, services) == (URGENT[domain], "0")
    assert [int(count) for count in shown.values()] == COUNTS[domain]
    for page, count in shown.items():
        assert host.get(page).context["cl"].result_count == int(count), page


def test_the_share_is_of_the_active_mailboxes(host: Client) -> None:
    statistics.count_now()

    assert "33 % of 6 active mailboxes" in host.get("/admin/").content.decode()


def test_what_was_not_counted_yet_is_no_zero(host: Client) -> None:
    """Only the figures of the counting job: the others are counted at once."""
    counted = [0, 1, *range(9, 13)]

    shown, page = numbers(overview(host)), host.get("/admin/").text
    shown.pop("#attention")
    shown.pop("/admin/accounts/heartbeat/")

    values = [*shown.values()]
    assert {values[place] for place in counted} == {NOTHING}
    assert not {values[place] for place in range(2, 9)} & {NOTHING, "0"}
    assert page.count("not counted yet; the portal counts every five minutes") == 2
    assert "active mailboxes</span>" not in page
    assert "have not been counted yet. “manage.py work_jobs” counts them" in page
    statistics.count_now()
    assert NOTHING not in numbers(overview(host)).values()


def test_there_is_no_share_of_no_mailboxes(host: Client) -> None:
    make_domain("empty.example")
    statistics.count_now()

    page = host.get("/admin/", {"domain": "empty.example"})

    tiles = page.context["overview"].tiles
    assert [(tile.value, tile.note) for tile in tiles[:2]] == [("0", "")] * 2


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

    assert [each.tiles[1].value for each in (first, kept, anew)] == ["2", "2", "3"]
    assert first.as_of == kept.as_of < anew.as_of


def test_it_is_said_when_nobody_counts(host: Client) -> None:
    statistics.count_now()
    assert OUTDATED not in host.get("/admin/").content.decode()

    long_ago = timezone.now() - timedelta(minutes=16)
    DomainFigures.objects.update(counted_at=long_ago)

    assert OUTDATED in host.get("/admin/").content.decode()


def test_counting_is_asked_for_by_a_form(host: Client) -> None:
    assert host.get("/admin/figures/").status_code == 302

    assert not DomainFigures.objects.exists()


def test_the_overview_asks_little(host: Client) -> None:
    statistics.count_now()

    assert len(queries_of(host, "/admin/")) <= targets.MOST_QUERIES


def test_a_domain_that_one_does_not_see_is_refused_and_all_are_shown(
    host: Client,
) -> None:
    make_domain("zz.example")
    statistics.count_now()

    for name in ("elsewhere.example", "nul\0", "x" * 400):
        answer = host.get("/admin/", {"domain": name})

        assert "You see no domain of the name" in answer.text
        assert numbers(answer.context["overview"]) == numbers(overview(host))


def test_of_many_domains_the_name_is_typed(administrator: Client) -> None:
    for number in range(32):
        make_account(f"a@d{number}.example")
    statistics.count_now()

    page = administrator.get("/admin/", {"domain": " D7.example "})

    assert page.context["overview"].choice.offered == []
    assert '<input id="choose-domain" type="text"' in page.text
    assert page.context["overview"].tiles[0].value == "1"
