"""What the end of an exception takes from its owner, and what it does not take."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Account, MailLogon, Policy, SecurityEvent
from accounts.notify import reminders
from tests.factories import make_client_password, make_policy

DAY = timedelta(days=1)
REQUIRED = "client_passwords_required"
SUSPENDED = "client_passwords_suspended"
DAYS = "client_password_days"


def told() -> list[str]:
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

    count = reminders.announce_ends()

    assert count == bool(loses)
    assert told() == ([loses] if loses else [])


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

    reminders.announce_ends()

    assert told() == ([loses] if loses else [])


NOT_WITHIN = [
    ("", "10.0.0.0/8"),
    ("", "0.0.0.0/0"),
    ("10.0.0.0/8", "10.1.0.0/16"),
    ("10.0.0.0/8", "192.0.2.0/24"),
    ("10.0.0.0/8", "::/0"),
    ("10.0.0.0/8,2001:db8::/32", "10.0.0.0/8"),
    ("10.0.0.0/8", "10.0.0.0/9,10.192.0.0/10"),
]
WITHIN = [
    ("", ""),
    ("10.0.0.0/8", ""),
    ("10.0.0.0/8", "10.0.0.0/8"),
    ("10.1.0.0/16", "10.0.0.0/8"),
    ("10.1.0.0/16,2001:db8:1::/48", "2001:db8::/32,10.0.0.0/8"),
    ("10.0.0.0/8", "10.128.0.0/9,10.0.0.0/9"),
    ("", "0.0.0.0/0,::/0"),
]


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

    reminders.announce_ends()

    assert told() == loses


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

    reminders.announce_ends()

    assert told() == ([loses] if loses else [])


def test_who_has_turned_security_passwords_on_keeps_them(alice: Account) -> None:
    Account.objects.update(
        policy=make_policy("Strict", client_passwords_required=True),
        policy_until=timezone.now() + DAY,
        client_passwords_on=True,
    )

    assert reminders.announce_ends() == 0


def test_what_is_told_to_stop_is_refused_after_the_end(alice: Account) -> None:
    row, _secret = make_client_password(alice)
    Account.objects.update(
        policy=make_policy("Strict", client_passwords_required=True),
        policy_until=timezone.now() + DAY,
    )
    mine = MailLogon.objects.filter(credential=row.pk).values_list("refusal", flat=True)
    assert set(mine) == {None}

    reminders.announce_ends()
    assert told() == [SUSPENDED]

    Account.objects.update(policy_until=timezone.now() - DAY)
    assert set(mine.all()) == {"suspended"}
