"""How many codes may be sent: to one owner, one number, one network, in all."""

from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes
from accounts.codes import Act, TooMany
from accounts.events import Actor
from accounts.models import Account, Budget, Phone
from gateways import sms
from tests.factories import make_account
from tests.unit.support import HOME, OFFICE, at_once, code_for

NEXT_DOOR = Actor("", "198.51.100.8", "another session")


def send_and_spend(account: Account, *, by: Actor = HOME) -> None:
    """Get a code and use it, so that the next needs no cool-down."""
    code = code_for(account, by=by)
    with transaction.atomic():
        assert codes.spend(account, Act.ISSUE, code, by=by) is None


def refusal_of(account: Account, *, by: Actor = HOME) -> TooMany:
    before = len(sms.outbox)
    with pytest.raises(TooMany) as caught:
        codes.send(account, Act.ISSUE, by=by)
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
    for _ in range(3):
        send_and_spend(alice)

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
        ("CODES_PER_NETWORK_HOUR", "+12025550199", HOME, True),
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
        assert codes.spend(alice, Act.ISSUE, code, by=HOME) is None


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
        codes.send(account, Act.ISSUE, by=HOME)
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
    db: None, settings: Settings
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
            refusal = codes.spend(alice, Act.ISSUE, typed, by=HOME)
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
