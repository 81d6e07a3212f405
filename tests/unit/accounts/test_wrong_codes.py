"""Wrong codes: how many, how fast, and what they cost."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from accounts import codes
from accounts.codes import Act
from accounts.models import Account, Phone
from gateways import sms
from tests.unit.accounts.codesteps import phone_of, spend
from tests.unit.support import HOME, code_for, other_than


def fail(account: Account, times: int, clock: Traveller) -> None:
    """Type so many wrong codes, each when it surely may be typed."""
    for _ in range(times):
        clock.shift(timedelta(days=8))
        code = code_for(account)
        assert isinstance(spend(account, other_than(code)), codes.WrongCode)


def test_five_wrong_tries_kill_a_code(alice: Account, clock: Traveller) -> None:
    code = code_for(alice)

    left = []
    for number in range(1, 6):
        refusal = spend(alice, other_than(code, by=number))
        assert isinstance(refusal, codes.WrongCode)
        left.append(refusal.tries_left)
        clock.shift(20)

    assert left == [4, 3, 2, 1, 0]
    assert isinstance(spend(alice, code), codes.NoCode)


def test_a_new_code_does_not_reset_the_failures(
    alice: Account, clock: Traveller
) -> None:
    fail(alice, 5, clock)
    clock.shift(timedelta(days=1))
    code = code_for(alice)

    refusal = spend(alice, other_than(code))

    assert isinstance(refusal, codes.WrongCode)
    assert refusal.tries_left == 0
    clock.shift(timedelta(minutes=4))
    assert isinstance(spend(alice, code), codes.NoCode)


def test_the_right_code_resets_the_failures(alice: Account, clock: Traveller) -> None:
    fail(alice, 4, clock)
    clock.shift(timedelta(days=1))

    assert spend(alice, code_for(alice)) is None

    assert phone_of(alice).throttling_failure_count == 0
    assert phone_of(alice).tries_left == 5


def test_two_slips_cost_no_waiting(alice: Account, clock: Traveller) -> None:
    code = code_for(alice)
    spend(alice, other_than(code))
    spend(alice, other_than(code))

    assert spend(alice, code) is None


def test_from_the_third_failure_on_the_next_try_has_to_wait(
    alice: Account, clock: Traveller
) -> None:
    code = code_for(alice)
    for number in range(1, 4):
        spend(alice, other_than(code, by=number))

    refusal = spend(alice, code)

    assert isinstance(refusal, codes.TooSoon)
    assert refusal.wait == timedelta(seconds=4)
    clock.shift(3)
    assert isinstance(spend(alice, code), codes.TooSoon)
    clock.shift(1)
    assert spend(alice, code) is None


def test_each_further_failure_doubles_the_wait(
    alice: Account, clock: Traveller
) -> None:
    waits = []
    for count in range(3, 8):
        Phone.objects.update(throttling_failure_count=0)
        clock.shift(timedelta(days=1))
        code = code_for(alice)
        Phone.objects.update(throttling_failure_count=count - 1)
        spend(alice, other_than(code))
        waits.append(phone_of(alice).waits_to_try().total_seconds())

    assert waits == [4, 8, 16, 32, 64]


def test_a_try_that_came_too_soon_is_not_counted(
    alice: Account, clock: Traveller
) -> None:
    code = code_for(alice)
    for number in range(1, 6):
        spend(alice, other_than(code, by=number))

    assert phone_of(alice).throttling_failure_count == 3


def test_twenty_failures_in_a_row_lock_codes(alice: Account, clock: Traveller) -> None:
    fail(alice, 19, clock)
    clock.shift(timedelta(days=8))
    code = code_for(alice)
    spend(alice, other_than(code))
    clock.shift(timedelta(days=30))

    assert isinstance(spend(alice, code), codes.Locked)
    with pytest.raises(codes.Locked):
        codes.send(alice, Act.ISSUE, by=HOME)
    kinds = alice.security_events.filter(kind="codes-locked")
    assert kinds.count() == 1


def test_a_code_that_would_run_out_before_it_may_be_tried_is_not_sent(
    alice: Account, clock: Traveller
) -> None:
    fail(alice, 10, clock)  # the next try is 512 seconds away, and a code lives for 300
    clock.shift(211)

    with pytest.raises(codes.TooSoon) as caught:
        codes.send(alice, Act.ISSUE, by=HOME)

    assert caught.value.wait == timedelta(seconds=301)
    assert len(sms.outbox) == 10
    clock.shift(2)
    code = code_for(alice)
    clock.shift(299)
    assert spend(alice, code) is None


def test_an_administrator_unlocks_codes(alice: Account) -> None:
    Phone.objects.update(throttling_failure_count=20)

    phone_of(alice).unlock()

    assert spend(alice, code_for(alice)) is None
