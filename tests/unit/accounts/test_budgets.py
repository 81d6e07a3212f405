from datetime import UTC, datetime, timedelta

import pytest
from time_machine import Traveller

from accounts import budgets
from accounts.budgets import Exhausted, Limit
from accounts.models import Budget
from tests.unit.support import at_once

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def used() -> dict[str, int]:
    return dict(Budget.objects.values_list("key", "used"))


def try_to_spend(*limits: Limit) -> bool:
    try:
        budgets.spend(limits)
    except Exhausted:
        return False
    return True


@pytest.mark.django_db
def test_a_limit_can_be_used_up_and_no_more(clock: Traveller) -> None:
    limit = Limit("k", 3, HOUR)

    assert [try_to_spend(limit) for _ in range(5)] == [True, True, True, False, False]
    assert used() == {"k": 3}


@pytest.mark.django_db
def test_a_limit_is_free_again_when_its_stretch_ends(clock: Traveller) -> None:
    clock.shift(60)
    assert try_to_spend(Limit("k", 1, HOUR))

    clock.shift(HOUR - timedelta(seconds=61))
    with pytest.raises(Exhausted) as caught:
        budgets.spend([Limit("k", 1, HOUR)])

    assert caught.value.wait == timedelta(seconds=1)
    clock.shift(1)
    assert try_to_spend(Limit("k", 1, HOUR))


def test_stretches_begin_with_the_hour_and_the_day(clock: Traveller) -> None:
    clock.shift(timedelta(minutes=34, seconds=56))

    assert Limit("k", 1, HOUR).window == datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert Limit("k", 1, DAY).window == datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.django_db
def test_all_limits_are_used_or_none(clock: Traveller) -> None:
    wide, narrow = Limit("a", 10, HOUR), Limit("b", 1, HOUR)
    assert try_to_spend(wide, narrow)

    with pytest.raises(Exhausted) as caught:
        budgets.spend([wide, narrow])

    assert caught.value.key == "b"
    assert used() == {"a": 1, "b": 1}


@pytest.mark.django_db
def test_two_keys_have_limits_of_their_own(clock: Traveller) -> None:
    assert try_to_spend(Limit("a", 1, HOUR))

    assert try_to_spend(Limit("b", 1, HOUR))
    assert not try_to_spend(Limit("a", 1, HOUR))


@pytest.mark.django_db
def test_what_is_given_back_can_be_used_again() -> None:
    limit = Limit("k", 1, HOUR)
    budgets.spend([limit])

    budgets.refund([limit])

    assert try_to_spend(limit)


@pytest.mark.django_db
def test_nothing_is_given_back_that_was_not_used() -> None:
    limit = Limit("k", 1, HOUR)
    budgets.spend([limit])

    for _ in range(3):
        budgets.refund([limit])

    assert used() == {"k": 0}


@pytest.mark.django_db
def test_what_is_given_back_late_belongs_to_the_stretch_it_was_taken_from(
    clock: Traveller,
) -> None:
    clock.shift(HOUR - timedelta(seconds=1))
    early = Limit("k", 5, HOUR)
    budgets.spend([early])
    clock.shift(2)
    budgets.spend([Limit("k", 5, HOUR)])

    budgets.refund([early])

    rows = Budget.objects.order_by("window").values_list("used", flat=True)
    assert list(rows) == [0, 1]


@pytest.mark.django_db
def test_limits_are_always_taken_in_one_order() -> None:
    limits = [Limit(key, 1, HOUR) for key in ("c", "a", "b")]

    budgets.spend(limits)

    written = Budget.objects.order_by("pk").values_list("key", flat=True)
    assert list(written) == ["a", "b", "c"]


@pytest.mark.django_db
def test_old_stretches_are_forgotten(clock: Traveller) -> None:
    budgets.spend([Limit("old", 5, DAY)])
    clock.shift(2 * DAY)
    budgets.spend([Limit("new", 5, DAY)])

    assert budgets.forget() == 1

    assert used() == {"new": 1}


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        (None, "local"),
    ],
)
def test_an_ipv6_network_counts_as_one_guesser(
    address: str | None, network: str
) -> None:
    assert budgets.network_of(address) == network


def test_an_exhausted_limit_says_nothing_of_its_key(clock: Traveller) -> None:
    assert str(Exhausted(Limit("codes-number:0123", 1, HOUR))) == "limit reached"


# --- with real connections ------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_sixty_at_once_get_exactly_the_limit(clock: Traveller) -> None:
    results = at_once(60, lambda _n: try_to_spend(Limit("k", 10, DAY)))

    assert results.count(True) == 10
    assert used() == {"k": 10}


@pytest.mark.django_db(transaction=True)
def test_a_common_limit_holds_over_many_accounts(clock: Traveller) -> None:
    def spend(number: int) -> bool:
        account = Limit(f"account:{number % 20}", 2, DAY)
        return try_to_spend(account, Limit("all", 25, DAY))

    results = at_once(60, spend)

    assert results.count(True) == 25
    assert used()["all"] == 25
    assert sum(used().values()) == 50


@pytest.mark.django_db(transaction=True)
def test_two_who_name_limits_in_opposite_order_do_not_wait_for_ever(
    clock: Traveller,
) -> None:
    keys = [f"k{number}" for number in range(10)]
    for key in keys:
        budgets.spend([Limit(key, 100, DAY)])

    def spend(number: int) -> bool:
        turn = keys if number % 2 else keys[::-1]
        return try_to_spend(*(Limit(key, 100, DAY) for key in turn))

    assert all(at_once(30, spend))
    assert set(used().values()) == {31}
