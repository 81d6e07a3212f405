"""Putting another phone number on file: two codes, one session."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes, phones
from accounts.codes import Purpose
from accounts.events import Kind
from accounts.models import Account, NewPhone, Notification, Phone
from accounts.notify import queue
from accounts.policy import effective
from gateways import sms
from gateways.sms.memory import MemoryGateway
from tests.unit.accounts.phonesteps import (
    NEW,
    OLD,
    OTHER,
    change,
    get_code,
    let_owners_enter_numbers,
    on_file,
    propose,
)
from tests.unit.support import (
    HOME,
    OFFICE,
    at_once,
    code_for,
    issue,
    last_code,
    other_than,
)


def test_a_change_takes_a_code_to_the_old_and_one_to_the_new_number(
    alice: Account,
) -> None:
    propose(alice)

    is_done = phones.confirm_code(alice, get_code(alice), by=HOME)
    assert (is_done, on_file(alice)) == (False, OLD)
    is_done = phones.confirm_code(alice, get_code(alice), by=HOME)

    assert (is_done, on_file(alice)) == (True, NEW)
    assert [message.number for message in sms.outbox] == [OLD, NEW]
    assert not NewPhone.objects.exists()


def test_no_code_goes_to_a_new_number_before_the_old_one_agreed(alice: Account) -> None:
    propose(alice)
    get_code(alice)

    with pytest.raises(codes.CodeError):
        codes.send_code(alice, Purpose.REPLACE_NUMBER, by=OFFICE)

    assert [message.number for message in sms.outbox] == [OLD]


def test_the_code_of_one_step_is_of_no_use_for_the_other(alice: Account) -> None:
    propose(alice)
    first = get_code(alice)
    phones.confirm_code(alice, first, by=HOME)

    with pytest.raises(codes.NoCode):
        phones.confirm_code(alice, first, by=HOME)

    assert on_file(alice) == OLD


def test_a_code_for_a_password_changes_no_number_and_the_other_way_round(
    alice: Account, clock: Traveller
) -> None:
    Account.objects.update(client_passwords_on=True)
    propose(alice)
    for_a_password = code_for(alice)
    with pytest.raises(codes.NoCode):
        phones.confirm_code(alice, for_a_password, by=HOME)
    clock.shift(60)

    with pytest.raises(codes.NoCode):
        issue(alice, get_code(alice))


def test_a_change_belongs_to_the_session_that_began_it(alice: Account) -> None:
    propose(alice, by=HOME)

    with pytest.raises(phones.StartAgain):
        phones.send_code(alice, by=OFFICE)
    code = get_code(alice, by=HOME)
    with pytest.raises(phones.StartAgain):
        phones.confirm_code(alice, code, by=OFFICE)

    assert len(sms.outbox) == 1


def test_another_number_has_to_be_agreed_to_anew(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    to_new = get_code(alice)

    propose(alice, OTHER)

    with pytest.raises(codes.NoCode):
        phones.confirm_code(alice, to_new, by=HOME)
    assert phones.get_due_purpose(NewPhone.objects.get()) is Purpose.REPLACE_NUMBER


def test_a_change_ends_after_a_quarter_of_an_hour(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    clock.shift(timedelta(minutes=15))
    code = get_code(alice)
    clock.shift(1)

    with pytest.raises(phones.StartAgain):
        phones.confirm_code(alice, code, by=HOME)


def test_an_administrators_number_overtakes_a_change(alice: Account) -> None:
    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    code = get_code(alice)
    Phone.objects.update(number=OTHER)

    with pytest.raises(phones.StartAgain):
        phones.confirm_code(alice, code, by=HOME)

    assert on_file(alice) == OTHER


def test_wrong_codes_are_counted_and_a_new_proposal_forgives_none(
    alice: Account, clock: Traveller
) -> None:
    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    code = get_code(alice)
    with pytest.raises(codes.WrongCode):
        phones.confirm_code(alice, other_than(code), by=HOME)

    propose(alice)

    assert NewPhone.objects.get().throttling_failure_count == 1
    assert alice.security_events.filter(kind="code-refused").count() == 1


def test_the_number_on_file_is_no_change(alice: Account) -> None:
    with pytest.raises(phones.SameNumber):
        propose(alice, OLD)


def test_a_code_that_was_not_sent_is_dropped(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gateway(MemoryGateway):
        def send(self, number: str, text: str) -> None:
            raise sms.NotSent(sms.Reason.BAD_NUMBER)

    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)

    with pytest.raises(codes.NotSent):
        phones.send_code(alice, by=HOME)

    assert NewPhone.objects.get().digest == ""


# --- after a change, and the first number ---------------------------------------------


def test_a_changed_number_gets_no_codes_for_a_day(
    alice: Account, clock: Traveller
) -> None:
    Account.objects.update(client_passwords_on=True)
    change(alice)
    before = len(sms.outbox)

    clock.shift(timedelta(hours=24) - timedelta(seconds=1))
    with pytest.raises(codes.Held) as caught:
        code_for(alice)
    with pytest.raises(codes.Held):
        propose(alice, OTHER)
    assert len(sms.outbox) == before

    clock.shift(1)
    assert caught.value.until == Phone.objects.get(account=alice).held_until
    assert issue(alice, code_for(alice)).secret


def test_a_code_sent_before_the_change_makes_no_password(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.PHONE_HOLD = timedelta()
    Account.objects.update(client_passwords_on=True)
    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    phones.send_code(alice, by=HOME)
    to_new = last_code()
    for_a_password = code_for(alice)

    phones.confirm_code(alice, to_new, by=HOME)

    with pytest.raises(codes.NoCode):
        issue(alice, for_a_password)


def test_the_hold_can_be_set_to_none(alice: Account, settings: Settings) -> None:
    settings.PHONE_HOLD = timedelta()
    Account.objects.update(client_passwords_on=True)

    change(alice)

    assert issue(alice, code_for(alice)).secret


def test_the_old_number_and_the_mailbox_are_told_of_a_change(
    alice: Account, mailoutbox: list[object]
) -> None:
    change(alice)

    assert queue.deliver_due() == 2

    assert sms.outbox[-1].number == OLD
    assert "alice@example.com" in sms.outbox[-1].text
    body = str(getattr(mailoutbox[0], "body", ""))
    assert "Previous number: +1 ••• •••• ••23" in body
    assert "New number: +1 ••• •••• ••77" in body
    assert NEW not in body


# Why a further try may help, though nobody changes the number.
RETRIED = {
    sms.Reason.CREDENTIALS: "the whole host is refused: an operator mends it",
    sms.Reason.HANDSET: "it passes",
    sms.Reason.TOO_MANY: "it passes",
    sms.Reason.UNREACHABLE: "it passes",
    sms.Reason.TIMEOUT: "it passes",
    sms.Reason.PROVIDER: "it passes",
}


@pytest.mark.parametrize("reason", sms.Reason)
def test_a_notice_is_tried_again_only_where_that_is_of_use(
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    clock: Traveller,
    reason: sms.Reason,
) -> None:
    """What the provider refuses for good, it is asked once; administrators read why."""
    change(alice)
    asked = fail_with(monkeypatch, sms.NotSent(reason))

    for _hour in range(3):
        call_command("send_notifications", once=True, stdout=StringIO())
        clock.shift(timedelta(hours=1))

    refused = alice.security_events.filter(kind=Kind.NOTICE_NOT_SENT)
    if reason in RETRIED:
        assert (len(asked), refused.count()) == (3, 0)
        assert Notification.objects.count() == 1
    else:
        assert len(asked) == 1
        facts = {"phone": "+1 ••• •••• ••23", "reason": str(reason)}
        assert refused.get().detail == facts
        assert not Notification.objects.exists()


def test_a_notice_that_may_have_left_is_not_sent_twice(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(alice)
    asked = fail_with(monkeypatch, sms.Unknown(sms.Reason.TIMEOUT))

    queue.deliver_due()

    assert len(asked) == 1
    assert not Notification.objects.exists()


def fail_with(monkeypatch: pytest.MonkeyPatch, failure: sms.SmsError) -> list[str]:
    """Have the provider fail so from now on; return the numbers that it is given."""
    asked: list[str] = []

    class Gateway(MemoryGateway):
        def send(self, number: str, text: str) -> None:
            asked.append(number)
            raise failure

    monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)
    return asked


@pytest.mark.django_db(transaction=True)
def test_two_posts_of_the_last_code_change_the_number_once(alice: Account) -> None:
    propose(alice)
    phones.confirm_code(alice, get_code(alice), by=HOME)
    code = get_code(alice)

    def post(_number: int) -> bool:
        try:
            return phones.confirm_code(alice, code, by=HOME)
        except (phones.ChangeRefused, codes.CodeError):
            return False

    assert sorted(at_once(4, post)) == [False, False, False, True]
    assert alice.security_events.filter(kind="phone-changed").count() == 1


# --- the first number -----------------------------------------------------------------


def test_the_first_number_comes_from_an_administrator(alice: Account) -> None:
    Phone.objects.all().delete()

    with pytest.raises(phones.NotAllowed):
        propose(alice)


def test_where_the_policy_allows_it_owners_enter_the_first_number(
    alice: Account,
) -> None:
    Phone.objects.all().delete()
    let_owners_enter_numbers(alice)
    Account.objects.update(client_passwords_on=True)
    propose(alice)

    assert phones.confirm_code(alice, get_code(alice), by=HOME)

    assert [message.number for message in sms.outbox] == [NEW]
    assert on_file(alice) == NEW
    assert issue(alice, code_for(alice)).secret


def test_a_policy_that_forbids_it_meanwhile_is_obeyed(alice: Account) -> None:
    Phone.objects.all().delete()
    let_owners_enter_numbers(alice)
    propose(alice)
    code = get_code(alice)
    policy = effective.load_effective_policy(alice).policy
    policy.owner_sets_phone = False
    policy.save()

    with pytest.raises(phones.StartAgain):
        phones.confirm_code(alice, code, by=HOME)

    assert not Phone.objects.exists()
