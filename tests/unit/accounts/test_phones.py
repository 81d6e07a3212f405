"""Putting another phone number on file: two codes, one session."""

from datetime import timedelta

import pytest
from time_machine import Traveller

from accounts import codes, phones
from accounts.codes import Act
from accounts.models import Account, NewPhone, Phone
from gateways import sms
from tests.unit.accounts.phonesteps import NEW, OLD, OTHER, get_code, on_file, propose
from tests.unit.support import HOME, OFFICE, code_for, issue, other_than


def test_a_change_takes_a_code_to_the_old_and_one_to_the_new_number(
    alice: Account,
) -> None:
    propose(alice)

    is_done = phones.confirm(alice, get_code(alice), by=HOME)
    assert (is_done, on_file(alice)) == (False, OLD)
    is_done = phones.confirm(alice, get_code(alice), by=HOME)

    assert (is_done, on_file(alice)) == (True, NEW)
    assert [message.number for message in sms.outbox] == [OLD, NEW]
    assert not NewPhone.objects.exists()


def test_no_code_goes_to_a_new_number_before_the_old_one_agreed(alice: Account) -> None:
    propose(alice)
    get_code(alice)

    with pytest.raises(codes.CodeError):
        codes.send(alice, Act.LEAVE_NUMBER, by=OFFICE)

    assert [message.number for message in sms.outbox] == [OLD]


def test_the_code_of_one_step_is_of_no_use_for_the_other(alice: Account) -> None:
    propose(alice)
    first = get_code(alice)
    phones.confirm(alice, first, by=HOME)

    with pytest.raises(codes.NoCode):
        phones.confirm(alice, first, by=HOME)

    assert on_file(alice) == OLD


def test_a_code_for_a_password_changes_no_number_and_the_other_way_round(
    alice: Account, clock: Traveller
) -> None:
    Account.objects.update(client_passwords_on=True)
    propose(alice)
    for_a_password = code_for(alice)
    with pytest.raises(codes.NoCode):
        phones.confirm(alice, for_a_password, by=HOME)
    clock.shift(60)

    with pytest.raises(codes.NoCode):
        issue(alice, get_code(alice))


def test_a_change_belongs_to_the_session_that_began_it(alice: Account) -> None:
    propose(alice, by=HOME)

    with pytest.raises(phones.StartAgain):
        phones.send_code(alice, by=OFFICE)
    code = get_code(alice, by=HOME)
    with pytest.raises(phones.StartAgain):
        phones.confirm(alice, code, by=OFFICE)

    assert len(sms.outbox) == 1


def test_another_number_has_to_be_agreed_to_anew(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    phones.confirm(alice, get_code(alice), by=HOME)
    to_new = get_code(alice)

    propose(alice, OTHER)

    with pytest.raises(codes.NoCode):
        phones.confirm(alice, to_new, by=HOME)
    assert phones.due(NewPhone.objects.get()) is Act.LEAVE_NUMBER


def test_a_change_ends_after_a_quarter_of_an_hour(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    clock.shift(timedelta(minutes=15))
    code = get_code(alice)
    clock.shift(1)

    with pytest.raises(phones.StartAgain):
        phones.confirm(alice, code, by=HOME)


def test_an_administrators_number_overtakes_a_change(alice: Account) -> None:
    propose(alice)
    phones.confirm(alice, get_code(alice), by=HOME)
    code = get_code(alice)
    Phone.objects.update(number=OTHER)

    with pytest.raises(phones.StartAgain):
        phones.confirm(alice, code, by=HOME)

    assert on_file(alice) == OTHER


def test_wrong_codes_are_counted_and_a_new_proposal_forgives_none(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    phones.confirm(alice, get_code(alice), by=HOME)
    code = get_code(alice)
    with pytest.raises(codes.WrongCode):
        phones.confirm(alice, other_than(code), by=HOME)

    propose(alice)

    assert NewPhone.objects.get().throttling_failure_count == 1
    assert alice.security_events.filter(kind="code-refused").count() == 1


def test_the_number_on_file_is_no_change(alice: Account) -> None:
    with pytest.raises(phones.SameNumber):
        propose(alice, OLD)


def test_a_code_that_was_not_sent_is_dropped(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gateway:
        def send(self, number: str, text: str) -> None:
            raise sms.NotSent(sms.Reason.BAD_NUMBER)

    propose(alice)
    phones.confirm(alice, get_code(alice), by=HOME)
    monkeypatch.setitem(sms._GATEWAYS, "memory", Gateway)

    with pytest.raises(codes.NotSent):
        phones.send_code(alice, by=HOME)

    assert NewPhone.objects.get().digest == ""
