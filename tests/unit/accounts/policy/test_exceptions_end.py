"""What owners are told, once, before an exception ends that lets them do more."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Department, MailLogon, Policy, SecurityEvent
from accounts.policy import reminders
from tests.factories import make_account, make_client_password, make_policy
from tests.unit.support import at_once

DAY = timedelta(days=1)
REQUIRED = "client_passwords_required"
SUSPENDED = "client_passwords_suspended"
DAYS = "client_password_days"


NOT_WITHIN = [
    ("", "10.0.0.0/8"),
    ("", "0.0.0.0/0"),
    ("10.0.0.0/8", "10.1.0.0/16"),
    ("10.0.0.0/8", "192.0.2.0/24"),
    ("10.0.0.0/8,2001:db8::/32", "10.0.0.0/8"),
    ("10.0.0.0/8", "10.0.0.0/9,10.192.0.0/10"),
]
WITHIN = [
    ("", ""),
    ("10.0.0.0/8", "::/0"),
    ("10.0.0.0/8", ""),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("10.1.0.0/16", "10.0.0.0/8"),
    ("10.1.0.0/16,2001:db8:1::/48", "2001:db8::/32,10.0.0.0/8"),
    ("10.0.0.0/8", "10.128.0.0/9,10.0.0.0/9"),
    ("", "0.0.0.0/0,::/0"),
]


@pytest.fixture
def free(alice: Account, clock: Traveller) -> Account:
    """Alice has an exception for 30 days from what her domain requires."""
    Policy.objects.update(client_passwords_required=True)
    Account.objects.update(
        policy=make_policy("Free"), policy_until=timezone.now() + 30 * DAY
    )
    return Account.objects.get(pk=alice.pk)


def told() -> list[dict[str, Any]]:
    rows = SecurityEvent.objects.filter(kind="exception-ends").order_by("pk")
    return [event.detail for event in rows]


def rounds(clock: Traveller, count: int) -> list[int]:
    """Let days go by; return how many owners each round told."""
    found = []
    for _number in range(count):
        clock.shift(DAY)
        found.append(reminders.send_exception_reminders())
    return found


def test_an_end_is_told_once_a_week_before(free: Account, clock: Traveller) -> None:
    assert rounds(clock, 31) == [0] * 22 + [1] + [0] * 8
    assert told() == [{"until": "2026-12-23T12:00:00+00:00", "loses": REQUIRED}]


def test_how_long_before_is_a_setting(
    free: Account, clock: Traveller, settings: Settings
) -> None:
    settings.TOLD_BEFORE = 2 * DAY

    assert rounds(clock, 31) == [0] * 27 + [1] + [0] * 3


def test_an_end_that_was_moved_is_told_again(free: Account, clock: Traveller) -> None:
    assert sum(rounds(clock, 25)) == 1

    Account.objects.update(policy_until=timezone.now() + 6 * DAY)

    assert rounds(clock, 2) == [1, 0]


@pytest.mark.parametrize(("days", "count"), [(4, 1), (6, 0)])
def test_what_will_be_required_then_counts(
    alice: Account, days: int, count: int
) -> None:
    """Five days from now the exception ends."""
    Policy.objects.update(
        client_passwords_required=True, required_from=timezone.now() + days * DAY
    )
    Account.objects.update(
        policy=make_policy("Free"), policy_until=timezone.now() + 5 * DAY
    )

    assert reminders.send_exception_reminders() == count


def test_a_department_comes_before_the_domain(free: Account) -> None:
    lax = make_policy("Lax")
    sales = Department.objects.create(domain=free.domain, name="Sales", policy=lax)
    Account.objects.update(department=sales, policy_until=timezone.now() + DAY)

    assert reminders.send_exception_reminders() == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"client_passwords_on": True},
        {"is_active": False},
        {"policy": None},
        {"policy_until": None},
    ],
)
def test_who_loses_nothing_is_not_told(free: Account, fields: dict[str, Any]) -> None:
    Account.objects.update(**({"policy_until": timezone.now() + DAY} | fields))

    assert reminders.send_exception_reminders() == 0


def test_an_exception_that_lets_nobody_in_gives_nothing_to_lose(free: Account) -> None:
    Policy.objects.filter(name="Free").update(third_party_logon=False)
    Account.objects.update(policy_until=timezone.now() + DAY)

    assert reminders.send_exception_reminders() == 0


def test_many_are_told_in_small_batches_none_of_which_hides_the_next(
    free: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH_SIZE", 2)
    for number in range(6):
        make_account(f"{number}@example.com", client_passwords_on=number < 3)
    until = timezone.now() + DAY
    Account.objects.update(policy=Policy.objects.get(name="Free"), policy_until=until)

    assert [reminders.send_exception_reminders() for _ in range(2)] == [4, 0]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_tell_each_once(free: Account) -> None:
    for number in range(9):
        make_account(f"{number}@example.com")
    until = timezone.now() + DAY
    Account.objects.update(policy=Policy.objects.get(name="Free"), policy_until=until)

    at_once(4, lambda _number: reminders.send_exception_reminders())
    reminders.send_exception_reminders()

    assert len(told()) == 10


def test_the_mail_says_how_security_passwords_go_on_working(alice: Account) -> None:
    own = make_policy("Strict", client_passwords_required=True)
    Account.objects.update(policy=own, policy_until=timezone.now() + DAY)

    for _ in range(2):
        call_command("send_notifications", "--once")

    (letter,) = mail.outbox
    change = "security passwords work only once you turn them on"
    assert f"From then on: {change}\n" in letter.body


def test_the_mail_says_when_and_what_changes(free: Account) -> None:
    Policy.objects.filter(name="Standard").update(pop3=False)
    Account.objects.update(policy_until=timezone.now() + DAY)

    call_command("send_notifications", "--once")
    call_command("send_notifications", "--once")

    (letter,) = mail.outbox
    assert letter.to == ["alice@example.com"]
    assert letter.subject == "An exception for your mailbox ends soon"
    assert "Exception until: 24 November 2026, 12:00 (UTC)" in letter.body
    changes = "POP3 is switched off, security passwords are required"
    assert f"From then on: {changes}" in letter.body
    assert "turn them on before" in letter.body
    assert "If this was you" not in letter.body
    assert "By: " not in letter.body


def losses_told() -> list[str]:
    """What was told to be lost, each time."""
    rows = SecurityEvent.objects.filter(kind="exception-ends").order_by("pk")
    return [event.detail["loses"] for event in rows]


@pytest.mark.parametrize(
    ("then", "loses"),
    [
        ({REQUIRED: True}, REQUIRED),
        ({"third_party_logon": False}, "third_party_logon"),
        ({"third_party_logon": False, "imap": False}, "third_party_logon"),
        ({"imap": False, "smtp": False}, "imap smtp"),
        ({"client_networks": "192.0.2.0/24"}, "client_networks"),
        ({"max_client_passwords": 3}, ""),
        ({REQUIRED: True, "report_only": True}, ""),
        ({}, ""),
    ],
)
def test_only_what_takes_something_away_is_told_and_what_it_takes(
    alice: Account, then: dict[str, Any], loses: str
) -> None:
    Policy.objects.update(**then)
    Account.objects.update(
        policy=make_policy("Free"), policy_until=timezone.now() + DAY
    )

    count = reminders.send_exception_reminders()

    assert count == bool(loses)
    assert losses_told() == ([loses] if loses else [])


@pytest.mark.parametrize(
    ("own", "then", "owner", "loses"),
    [
        ({}, {}, {"client_passwords_on": True}, DAYS),
        ({REQUIRED: True}, {REQUIRED: True}, {}, DAYS),
        ({}, {REQUIRED: True}, {}, f"{REQUIRED} {DAYS}"),
        ({REQUIRED: True}, {}, {}, f"{SUSPENDED} {DAYS}"),
        ({"client_password_days": 91}, {}, {"client_passwords_on": True}, DAYS),
        ({"client_password_days": 90}, {}, {"client_passwords_on": True}, ""),
        ({}, {}, {}, ""),
        ({}, {REQUIRED: True, "report_only": True}, {}, ""),
    ],
)
def test_that_security_passwords_end_sooner_is_told_where_they_are_in_force(
    alice: Account,
    own: dict[str, Any],
    then: dict[str, Any],
    owner: dict[str, Any],
    loses: str,
) -> None:
    make_policy("Standard", client_password_days=90, **then)
    exception = make_policy("Own", **own)
    until = timezone.now() + DAY
    Account.objects.update(policy=exception, policy_until=until, **owner)

    reminders.send_exception_reminders()

    assert losses_told() == ([loses] if loses else [])


@pytest.mark.parametrize(
    ("own", "then", "loses"),
    [
        *((own, then, ["client_networks"]) for own, then in NOT_WITHIN),
        *((own, then, []) for own, then in WITHIN),
    ],
)
def test_of_networks_only_those_are_lost_that_are_not_among_the_later_ones(
    alice: Account, own: str, then: str, loses: list[str]
) -> None:
    make_policy("Standard", client_networks=then)
    exception = make_policy("Own", client_networks=own)
    Account.objects.update(policy=exception, policy_until=timezone.now() + DAY)

    reminders.send_exception_reminders()

    assert losses_told() == loses


@pytest.mark.parametrize(
    ("own", "then", "loses"),
    [
        ({REQUIRED: True}, {}, SUSPENDED),
        ({REQUIRED: True}, {REQUIRED: True, "report_only": True}, SUSPENDED),
        ({REQUIRED: True}, {REQUIRED: True}, ""),
        ({REQUIRED: True}, {"third_party_logon": False}, "third_party_logon"),
        ({REQUIRED: True, "report_only": True}, {}, ""),
    ],
)
def test_that_security_passwords_stop_is_told_where_the_exception_alone_required_them(
    alice: Account, own: dict[str, Any], then: dict[str, Any], loses: str
) -> None:
    Policy.objects.update(**then)
    Account.objects.update(
        policy=make_policy("Own", **own), policy_until=timezone.now() + DAY
    )

    reminders.send_exception_reminders()

    assert losses_told() == ([loses] if loses else [])


def test_who_has_turned_security_passwords_on_keeps_them(alice: Account) -> None:
    Account.objects.update(
        policy=make_policy("Strict", client_passwords_required=True),
        policy_until=timezone.now() + DAY,
        client_passwords_on=True,
    )

    assert reminders.send_exception_reminders() == 0


def test_what_is_told_to_stop_is_refused_after_the_end(alice: Account) -> None:
    row, _secret = make_client_password(alice)
    Account.objects.update(
        policy=make_policy("Strict", client_passwords_required=True),
        policy_until=timezone.now() + DAY,
    )
    mine = MailLogon.objects.filter(credential=row.pk).values_list("refusal", flat=True)
    assert set(mine) == {None}

    reminders.send_exception_reminders()
    assert losses_told() == [SUSPENDED]

    Account.objects.update(policy_until=timezone.now() - DAY)
    assert set(mine.all()) == {"suspended"}
