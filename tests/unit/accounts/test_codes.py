"""One code: what it is good for, for how long, and how often."""

from typing import Any

import pytest
from time_machine import Traveller

from accounts import codes
from accounts.codes import Act
from accounts.models import Account, Phone
from gateways import sms
from tests.unit.accounts.codesteps import phone_of, spend
from tests.unit.support import HOME, OFFICE, code_for, last_code


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
    codes.send(alice, Act.LEAVE_NUMBER, by=HOME)

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
        codes.send(alice, Act.ISSUE, by=HOME)

    assert isinstance(spend(alice, "123456"), codes.NoPhone)
    assert sms.outbox == []


def test_a_code_is_outstanding_for_its_session_until_it_runs_out(
    alice: Account, clock: Traveller
) -> None:
    code_for(alice, by=HOME)
    phone = phone_of(alice)

    assert codes.outstanding(phone, Act.ISSUE, by=HOME)
    assert not codes.outstanding(phone, Act.ISSUE, by=OFFICE)
    clock.shift(300)
    assert not codes.outstanding(phone, Act.ISSUE, by=HOME)


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
