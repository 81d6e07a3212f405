"""One code: what it is good for, how long and how often, and what wrong ones cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes
from accounts.codes import Purpose, TooMany
from accounts.events import Actor
from accounts.models import Account, Budget, Phone
from gateways import sms
from tests.factories import make_account
from tests.unit.accounts.codesteps import phone_of, spend
from tests.unit.support import HOME, OFFICE, at_once, code_for, last_code, other_than


def test_a_code_is_six_digits_to_the_phone_on_file(alice: Account) -> None:
    code = code_for(alice)

    assert len(code) == 6
    assert code.isdecimal()
    assert [message.number for message in sms.outbox] == ["+12025550123"]


def test_a_code_keeps_its_leading_noughts(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("secrets.randbelow", lambda limit: {10**6: 42}[limit])

    assert code_for(alice) == "000042"


def test_a_code_works_once(alice: Account) -> None:
    code = code_for(alice)

    assert spend(alice, code) is None
    assert isinstance(spend(alice, code), codes.NoCode)


def test_without_a_code_there_is_nothing_to_try(alice: Account) -> None:
    assert isinstance(spend(alice, "123456"), codes.NoCode)
    assert phone_of(alice).throttling_failure_count == 0


def test_a_code_of_another_session_is_refused_and_not_counted(alice: Account) -> None:
    code = code_for(alice, by=HOME)

    assert isinstance(spend(alice, code, by=OFFICE), codes.NoCode)
    assert phone_of(alice).throttling_failure_count == 0
    assert spend(alice, code, by=HOME) is None


def test_a_code_for_another_act_is_refused(alice: Account) -> None:
    codes.send_code(alice, Purpose.REPLACE_NUMBER, by=HOME)

    assert isinstance(spend(alice, last_code()), codes.NoCode)


def test_a_code_of_another_account_is_refused(alice: Account, mallory: Account) -> None:
    code = code_for(alice)
    code_for(mallory)

    refusal = spend(mallory, code)

    assert isinstance(refusal, codes.WrongCode)
    assert spend(alice, code) is None


def test_a_code_dies_when_the_number_changes(alice: Account) -> None:
    code = code_for(alice)
    Phone.objects.filter(account=alice).update(number="+12025550199")

    assert isinstance(spend(alice, code), codes.WrongCode)


def test_a_new_code_kills_the_one_before(alice: Account, clock: Traveller) -> None:
    first = code_for(alice)
    clock.shift(60)
    second = code_for(alice)

    if first != second:
        assert isinstance(spend(alice, first), codes.WrongCode)
    assert spend(alice, second) is None


def test_a_new_code_from_another_session_kills_the_one_before(
    alice: Account, clock: Traveller
) -> None:
    first = code_for(alice, by=HOME)
    clock.shift(60)
    code_for(alice, by=OFFICE)

    assert isinstance(spend(alice, first, by=HOME), codes.NoCode)


def test_a_code_is_good_for_just_under_five_minutes(
    alice: Account, clock: Traveller
) -> None:
    code = code_for(alice)

    clock.shift(299)

    assert spend(alice, code) is None


def test_after_five_minutes_a_code_has_run_out(
    alice: Account, clock: Traveller
) -> None:
    code = code_for(alice)

    clock.shift(300)

    assert isinstance(spend(alice, code), codes.Expired)
    assert phone_of(alice).throttling_failure_count == 0


def test_without_a_phone_no_code_is_sent_or_taken(alice: Account) -> None:
    Phone.objects.all().delete()

    with pytest.raises(codes.NoPhone):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert isinstance(spend(alice, "123456"), codes.NoPhone)
    assert sms.outbox == []


def test_a_code_is_outstanding_for_its_session_until_it_runs_out(
    alice: Account, clock: Traveller
) -> None:
    code_for(alice, by=HOME)
    phone = phone_of(alice)

    assert codes.has_outstanding_code(phone, Purpose.ISSUE, by=HOME)
    assert not codes.has_outstanding_code(phone, Purpose.ISSUE, by=OFFICE)
    clock.shift(300)
    assert not codes.has_outstanding_code(phone, Purpose.ISSUE, by=HOME)


def test_the_code_is_in_no_column_in_clear(alice: Account) -> None:
    code = code_for(alice)

    row = Phone.objects.filter(account=alice).values().get()

    assert len(row["digest"]) >= 32
    assert not [name for name, value in row.items() if code in str(value)]


def test_the_digest_is_keyed(alice: Account, settings: Any) -> None:
    code = code_for(alice)

    settings.SECRET_KEY = "another key, as long as the one of the portal has to be"

    assert spend(alice, code) is not None


def test_a_phone_shows_two_digits_of_its_number(alice: Account) -> None:
    assert str(phone_of(alice)) == "+1 ••• •••• ••23"


# --- wrong codes ----------------------------------------------------------------------


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
        waits.append(phone_of(alice).get_try_wait().total_seconds())

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
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    kinds = alice.security_events.filter(kind="codes-locked")
    assert kinds.count() == 1


def test_a_code_that_would_run_out_before_it_may_be_tried_is_not_sent(
    alice: Account, clock: Traveller
) -> None:
    fail(alice, 10, clock)  # the next try is 512 seconds away, and a code lives for 300
    clock.shift(211)

    with pytest.raises(codes.TooSoon) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

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


# --- how many may be sent -------------------------------------------------------------


NEXT_DOOR = Actor("", "198.51.100.8", "another session")


def send_and_spend(account: Account, *, by: Actor = HOME) -> None:
    """Get a code and use it, so that the next needs no cool-down."""
    code = code_for(account, by=by)
    with transaction.atomic():
        assert codes.spend_code(account, Purpose.ISSUE, code, by=by) is None


def refusal_of(account: Account, *, by: Actor = HOME) -> TooMany:
    before = len(sms.outbox)
    with pytest.raises(TooMany) as caught:
        codes.send_code(account, Purpose.ISSUE, by=by)
    assert len(sms.outbox) == before
    return caught.value


@pytest.mark.parametrize(
    "limit",  # its name, whether it stops everybody, hours until its stretch ends
    [
        ("CODES_PER_ACCOUNT_HOUR", False, 1),
        ("CODES_PER_ACCOUNT_DAY", False, 12),
        ("CODES_PER_NUMBER_DAY", False, 12),
        ("CODES_PER_NETWORK_HOUR", False, 1),
        ("CODES_PER_COUNTRY_DAY", True, 12),
        ("CODES_PER_DAY", True, 12),
    ],
)
def test_each_limit_holds_until_its_stretch_ends(
    alice: Account,
    settings: Settings,
    clock: Traveller,
    limit: tuple[str, bool, int],
) -> None:
    name, others_too, hours = limit
    setattr(settings, name, 3)
    owners = [alice, alice, alice]
    if others_too:  # alone, an owner would be slowed down before
        owners[0] = make_account("one@example.com", phone="+12025550188")
        owners[1] = make_account("two@example.com", phone="+12025550199")
    for owner in owners:
        send_and_spend(owner)

    refusal = refusal_of(alice)

    assert refusal.everybody is others_too
    assert refusal.wait == timedelta(hours=hours)
    clock.shift(refusal.wait)
    send_and_spend(alice)


@pytest.mark.parametrize(
    "case",  # the limit, the other owner's number and session, whether it is shared
    [
        ("CODES_PER_ACCOUNT_HOUR", "+12025550123", HOME, False),
        ("CODES_PER_ACCOUNT_DAY", "+12025550123", HOME, False),
        ("CODES_PER_NUMBER_DAY", "+12025550123", OFFICE, True),
        ("CODES_PER_NUMBER_DAY", "+12025550199", HOME, False),
        ("CODES_PER_NETWORK_HOUR", "+12025550199", HOME, False),
        ("CODES_PER_NETWORK_HOUR", "+12025550123", NEXT_DOOR, False),
        ("CODES_PER_COUNTRY_DAY", "+12025550199", OFFICE, True),
        ("CODES_PER_COUNTRY_DAY", "+61491570156", HOME, False),
        ("CODES_PER_DAY", "+61491570156", OFFICE, True),
    ],
)
def test_a_limit_is_shared_by_whom_it_is_about(
    alice: Account,
    settings: Settings,
    clock: Traveller,
    case: tuple[str, str, Actor, bool],
) -> None:
    name, number, by, shared = case
    other = make_account("other@example.com", phone=number)
    setattr(settings, name, 1)
    send_and_spend(alice, by=HOME)

    if shared:
        refusal_of(other, by=by)
    else:
        send_and_spend(other, by=by)


def test_a_refused_code_uses_up_no_other_limit(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.CODES_PER_ACCOUNT_HOUR = 2
    settings.CODES_PER_NETWORK_HOUR = 3
    send_and_spend(alice)
    send_and_spend(alice)
    for _ in range(5):
        refusal_of(alice)

    other = make_account("other@example.com", phone="+12025550199")

    send_and_spend(other)
    refusal_of(other)


def test_a_refused_code_leaves_the_code_before_in_force(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.CODES_PER_ACCOUNT_HOUR = 1
    code = code_for(alice)
    clock.shift(60)

    refusal_of(alice)

    with transaction.atomic():
        assert codes.spend_code(alice, Purpose.ISSUE, code, by=HOME) is None


def test_an_owner_gets_twelve_codes_an_hour_and_thirty_a_day(
    alice: Account, clock: Traveller
) -> None:
    sent = 0
    for _hour in range(4):
        for _ in range(12):
            try:
                send_and_spend(alice)
            except TooMany:
                break
            sent += 1
        clock.shift(timedelta(hours=1))

    assert sent == 30


def test_the_number_is_not_kept_in_clear(alice: Account) -> None:
    code_for(alice)

    keys = list(Budget.objects.values_list("key", flat=True))

    assert "2025550123" not in str(keys)


# --- with real connections ------------------------------------------------------------


def outcome_of_sending(account: Account) -> str:
    try:
        codes.send_code(account, Purpose.ISSUE, by=HOME)
    except codes.CodeError as error:
        return type(error).__name__
    return "sent"


@pytest.mark.django_db(transaction=True)
def test_thirty_requests_at_once_send_one_code(alice: Account) -> None:
    outcomes = at_once(30, lambda _n: outcome_of_sending(alice))

    assert sorted(set(outcomes)) == ["TooSoon", "sent"]
    assert outcomes.count("sent") == 1
    assert len(sms.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_owners_at_once_do_not_exceed_the_limit_of_all(
    clock: Traveller, db: None, settings: Settings
) -> None:
    settings.CODES_PER_DAY = 7
    owners = [
        make_account(f"owner{number}@example.com", phone=f"+120255501{number:02}")
        for number in range(20)
    ]

    outcomes = at_once(20, lambda number: outcome_of_sending(owners[number]))

    assert outcomes.count("sent") == len(sms.outbox) == 7
    assert outcomes.count("TooMany") == 13
    assert Phone.objects.exclude(digest="").count() == 7


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("right", [True, False])
def test_thirty_tries_at_once_are_all_looked_at_one_by_one(
    alice: Account, *, right: bool
) -> None:
    code = code_for(alice)
    typed = code if right else f"{(int(code) + 1) % 10**6:06}"

    def spend(_number: int) -> str:
        with transaction.atomic():
            refusal = codes.spend_code(alice, Purpose.ISSUE, typed, by=HOME)
        return type(refusal).__name__

    outcomes = at_once(30, spend)

    failures = Phone.objects.get(account=alice).throttling_failure_count
    if right:
        assert outcomes.count("NoneType") == 1
        assert outcomes.count("NoCode") == 29
        assert failures == 0
    else:
        # Two slips are free; the third makes all others wait.
        assert outcomes.count("WrongCode") == 3
        assert outcomes.count("TooSoon") == 27
        assert failures == 3
