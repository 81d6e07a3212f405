"""Of several things that stand against a code, the first is said.

All of them hold; then they are taken away one by one, in the order in which they are
looked at. So each is seen to come before all that follow it.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes
from accounts.codes import CodeError, Purpose
from accounts.models import Account, Phone
from tests.unit.accounts.codesteps import phone_of
from tests.unit.support import HOME, OFFICE, code_for

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
Obstacle = tuple[type[CodeError], Callable[[Phone], None]]


def release(phone: Phone) -> None:
    phone.held_until = None


def unlock(phone: Phone) -> None:
    """Fewer failures than lock it, after which a try has to wait for half an hour."""
    phone.throttling_failure_count = 12


def forget_failures(phone: Phone) -> None:
    phone.throttling_failure_count = 0
    phone.throttling_failure_timestamp = None


def cool_down(phone: Phone) -> None:
    phone.last_generated_timestamp = None


def ask_here(phone: Phone) -> None:
    """With a code that this session has asked for."""
    phone.set_code(codes._get_scope(Purpose.ISSUE, HOME))
    phone.valid_until = timezone.now() - MINUTE


def renew(phone: Phone) -> None:
    phone.valid_until = timezone.now() + MINUTE


TO_SPEND: list[Obstacle] = [
    (codes.Held, release),
    (codes.Locked, unlock),
    (codes.NoCode, ask_here),
    (codes.Expired, renew),
    (codes.TooSoon, forget_failures),
]


@pytest.fixture
def worst(alice: Account, clock: Traveller) -> Phone:
    """A phone that was changed, and tried too often; its code is of another session."""
    code_for(alice, by=OFFICE)
    phone = phone_of(alice)
    phone.held_until = timezone.now() + DAY
    phone.throttling_failure_count = 99
    phone.throttling_failure_timestamp = timezone.now()
    phone.valid_until = timezone.now() - MINUTE
    phone.save()
    return phone


def spend(account: Account) -> CodeError | None:
    with transaction.atomic():
        return codes.spend_code(account, Purpose.ISSUE, "123456", by=HOME)


def test_the_first_of_what_stands_against_a_try_is_said(
    alice: Account, worst: Phone
) -> None:
    found: list[object] = []
    for _refusal, take_away in TO_SPEND:
        found.append(type(spend(alice)))
        take_away(worst)
        worst.save()
    found.append(type(spend(alice)))

    expected = [refusal for refusal, _take_away in TO_SPEND]
    assert found == [*expected, codes.WrongCode]
    assert phone_of(alice).throttling_failure_count == 1


TO_SEND: list[Obstacle] = [
    (codes.Held, release),
    (codes.Locked, unlock),
    (codes.TooSoon, cool_down),
    (codes.TooSoon, forget_failures),
]


def test_the_first_of_what_stands_against_a_code_is_said(
    alice: Account, worst: Phone, settings: Settings
) -> None:
    settings.CODES_PER_ACCOUNT_HOUR = 1
    found: list[object] = []

    def send() -> object:
        try:
            codes.send_code(alice, Purpose.ISSUE, by=HOME)
        except CodeError as error:
            return type(error)
        return None

    for _refusal, take_away in TO_SEND:
        found.append(send())
        take_away(worst)
        worst.save()
    found.append(send())

    assert found == [*[refusal for refusal, _ in TO_SEND], codes.TooMany]
    settings.CODES_PER_ACCOUNT_HOUR = 2
    assert send() is None
