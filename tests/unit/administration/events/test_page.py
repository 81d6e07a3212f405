"""The record of events as administrators read it: narrowed, searched, exported."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, SecurityEvent
from administration.events import export
from tests.factories import make_account, make_client_password
from tests.unit.administration.jobsteps import counts, ordered, work_off
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import rows_exported
from tests.unit.support import HOME, OFFICE

LIST = "/admin/accounts/securityevent/"
EXPORT = f"{LIST}export/"


def listed(browser: Client, **query: str) -> list[str]:
    """The addresses in the list, the newest first."""
    changelist = browser.get(LIST, query).context["cl"]
    return [event.address for event in changelist.result_list]


@pytest.fixture
def two(administrator: Client, alice: Account) -> tuple[Account, Account]:
    """Events of two mailboxes, from two networks, by two people."""
    carol = make_account("carol@firm.example")
    v6 = Actor("carol@firm.example", "2001:db8:0:7::5")
    events.record(Kind.ISSUED, alice, by=HOME, device="=HYPERLINK(0)")
    events.record(Kind.REVOKED, carol, by=v6, device="Phone")
    return alice, carol


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["carol", "alice"]),
        ({"q": "ali"}, ["alice"]),
        ({"q": "lice"}, []),
        ({"kind__exact": "revoked"}, ["carol"]),
        ({"in": "firm.example"}, ["carol"]),
        ({"by": "alice@"}, ["alice"]),
        ({"network": "198.51.100.7"}, ["alice"]),
        ({"network": "198.51.100.0/24"}, ["alice"]),
        ({"network": "198.51.0.0/16"}, ["alice"]),
        ({"network": "2001:db8::/32"}, ["carol"]),
        ({"network": "2001:db8:0:7::/64"}, ["carol"]),
        ({"network": "2001:db8:0:8::/64"}, []),
        ({"network": "198.51.100.0/25"}, []),
        ({"network": "no network"}, []),
        ({"since": "1"}, ["carol", "alice"]),
        ({"since": "older"}, []),
    ],
)
def test_the_record_is_narrowed(
    administrator: Client,
    two: tuple[Account, Account],
    query: dict[str, str],
    found: list[str],
) -> None:
    names = [address.partition("@")[0] for address in listed(administrator, **query)]

    assert names == found


def test_older_ones_are_found_by_their_time(
    administrator: Client, alice: Account
) -> None:
    long_ago = timezone.now() - timedelta(days=31)
    events.record_all([Event(Kind.ISSUED, alice, HOME, at=long_ago)])

    assert listed(administrator, since="30") == []
    assert listed(administrator, since="older") == ["alice@example.com"]


def test_the_list_asks_as_often_for_fifty_as_for_one(
    administrator: Client, alice: Account
) -> None:
    events.record(Kind.ISSUED, alice, by=HOME)
    administrator.get(LIST)
    with CaptureQueriesContext(connection) as one:
        administrator.get(LIST)
    for _number in range(60):
        events.record(Kind.ISSUED, alice, by=OFFICE)

    with CaptureQueriesContext(connection) as many:
        administrator.get(LIST)

    assert len(many) == len(one)
    assert len(many) <= MOST_QUERIES


def test_a_change_is_told_in_a_line(administrator: Client, alice: Account) -> None:
    told = events.describe_changes(
        {"imap": True, "policy": None}, {"imap": False, "policy": 3}
    )
    events.record_all([Event(Kind.MAILBOX_CHANGED, alice, HOME, detail=told)])

    page = administrator.get(LIST).content.decode()

    assert "IMAP: On → Off; Policy: — → 3" in page


def test_the_end_of_an_action_on_many_is_told_by_its_numbers(
    administrator: Client, alice: Account
) -> None:
    admin = Account.objects.get(address="admin@example.com")
    make_client_password(alice)
    assert work_off(ordered(admin, "revoke_all", [alice])) == counts(changed=1)

    page = administrator.get(LIST, {"kind__exact": "action-ended"})

    shown = page.content.decode()
    assert "Changed: 1" in shown
    assert "Unchanged: 0" in shown
    ended = SecurityEvent.objects.get(kind=Kind.ACTION_ENDED)
    assert administrator.get(f"{LIST}{ended.pk}/change/").status_code == 200


def test_what_is_listed_is_exported(
    administrator: Client, two: tuple[Account, Account]
) -> None:
    response = administrator.post(f"{EXPORT}?in=firm.example")

    rows = rows_exported(response)
    assert [row["address"] for row in rows] == ["carol@firm.example"]
    assert rows[0]["from"] == "2001:db8:0:7::5"
    assert rows[0]["what"] == "device: Phone"
    assert response["Content-Disposition"].endswith('"security-events.csv"')


def test_an_export_is_recorded(
    administrator: Client, two: tuple[Account, Account]
) -> None:
    administrator.post(f"{EXPORT}?in=firm.example")

    event = SecurityEvent.objects.get(kind="exported")
    assert event.actor == "admin@example.com"
    assert event.detail == {"listed": "in=firm.example"}


def test_an_export_has_an_end(
    administrator: Client,
    two: tuple[Account, Account],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(export, "MAX_ROWS", 1)

    rows = rows_exported(administrator.post(EXPORT))

    assert len(rows) == 1


@pytest.mark.parametrize("may", [True, False])
def test_exporting_needs_its_own_permission(
    administrator: Client, two: tuple[Account, Account], *, may: bool
) -> None:
    names = ["view_securityevent", *(["export_securityevent"] if may else [])]
    auditor = Account.objects.get(address="admin@example.com")
    Account.objects.filter(pk=auditor.pk).update(is_superuser=False)
    auditor.user_permissions.set(Permission.objects.filter(codename__in=names))

    page = administrator.get(LIST).content.decode()
    response = administrator.post(EXPORT)

    assert (EXPORT in page) is may
    assert response.status_code == (200 if may else 403)
    assert SecurityEvent.objects.filter(kind="exported").exists() is may


def test_looking_at_the_address_of_the_export_changes_nothing(
    administrator: Client, two: tuple[Account, Account]
) -> None:
    assert administrator.get(EXPORT)["Location"] == LIST
    assert not SecurityEvent.objects.filter(kind="exported").exists()


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@A1", "\t=1", "\r=1", "\n=1", "  =1", "=cmd|'/C'!A0"]
)
def test_no_cell_is_a_formula(cell: str) -> None:
    assert export.neutralize_formula(cell) == f"'{cell}"


@given(st.text())
def test_a_cell_says_what_it_said(cell: str) -> None:
    assert export.neutralize_formula(cell).removeprefix("'") == cell.removeprefix("'")
    assert (
        not export.neutralize_formula(cell).lstrip().startswith(export.FORMULA_STARTS)
    )


def test_a_device_cannot_smuggle_a_formula_into_the_export(
    administrator: Client, two: tuple[Account, Account]
) -> None:
    alice = two[0]
    events.record_all([Event(Kind.LIMITED, alice, HOME, why="=cmd|' /C calc'!A0")])

    rows = rows_exported(administrator.post(f"{EXPORT}?q=alice"))

    assert rows[0]["reason"] == "'=cmd|' /C calc'!A0"
    for row in rows:
        assert not any(cell.startswith(export.FORMULA_STARTS) for cell in row.values())
