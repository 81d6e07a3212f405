"""Owners hear of the day from which mail programs need a security password."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import call_command
from time_machine import Traveller

from accounts.models import Account, Policy, SecurityEvent
from accounts.policy import reminders
from tests.factories import make_account, make_policy
from tests.unit.support import require_client_passwords_in

DAY = timedelta(days=1)


def test_a_date_is_told_once_when_it_is_set(alice: Account) -> None:
    require_client_passwords_in(30 * DAY)

    told = [reminders.send_requirement_reminders() for _ in range(2)]

    assert told == [1, 0]
    assert alice.notifications.get().event.kind == SecurityEvent.Kind.REQUIRED_SOON


def test_a_date_is_told_once_more_when_it_is_near(
    alice: Account, clock: Traveller
) -> None:
    require_client_passwords_in(30 * DAY)
    reminders.send_requirement_reminders()

    told = []
    for _ in range(31):
        clock.shift(DAY)
        told.append(reminders.send_requirement_reminders())

    assert told == [0] * 26 + [1] + [0] * 4


def test_a_date_that_is_near_from_the_start_is_told_once(alice: Account) -> None:
    require_client_passwords_in(2 * DAY)

    assert [reminders.send_requirement_reminders() for _ in range(2)] == [1, 0]


def test_a_date_that_was_moved_is_told_again(alice: Account) -> None:
    require_client_passwords_in(30 * DAY)
    reminders.send_requirement_reminders()

    require_client_passwords_in(40 * DAY)

    assert reminders.send_requirement_reminders() == 1


@pytest.mark.parametrize(
    "fields", [{"report_only": True}, {"client_passwords_required": False}]
)
def test_what_is_no_announcement_yet_is_told_to_nobody(
    alice: Account, fields: dict[str, bool]
) -> None:
    require_client_passwords_in(30 * DAY, **fields)

    assert reminders.send_requirement_reminders() == 0


def test_only_those_are_told_who_have_to_act(alice: Account) -> None:
    require_client_passwords_in(30 * DAY)
    make_account("on@example.com", client_passwords_on=True)
    make_account("gone@example.com", is_active=False)
    make_account("free@example.com", policy=make_policy("Exception"))

    reminders.send_requirement_reminders()

    told = SecurityEvent.objects.values_list("address", flat=True)
    assert list(told) == [alice.address]


def test_many_are_told_in_several_rounds(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH_SIZE", 2)
    for number in range(4):
        make_account(f"{number}@example.com")
    require_client_passwords_in(30 * DAY)

    assert [reminders.send_requirement_reminders() for _ in range(4)] == [2, 2, 1, 0]


def test_the_mail_names_the_day_and_what_to_do(alice: Account) -> None:
    require_client_passwords_in(30 * DAY)
    day = Policy.objects.get().required_from
    assert day is not None

    call_command("send_notifications", "--once")

    (letter,) = mail.outbox
    assert letter.subject == "Mail programs will need a security password"
    assert f"Required from: {day.day} {day:%B %Y}" in letter.body
    assert "turn security passwords on" in letter.body
    assert "If this was you" not in letter.body
    assert "By: " not in letter.body
