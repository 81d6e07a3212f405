"""What becomes of a code by way of the provider, and what its message says."""

import string
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as project_settings
from django.db import connection
from phonenumber_field.phonenumber import PhoneNumber
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes, phones
from accounts.codes import Purpose
from accounts.models import Account
from accounts.notify import composing
from accounts.notify.notices import NOTICES
from gateways import sms
from gateways.sms import Message, NotSent, Reason, SmsError, Unknown
from gateways.sms.memory import MemoryGateway
from tests.unit.accounts.codesteps import phone_of, spend
from tests.unit.support import HOME, OFFICE, code_for, issue, last_code

pytestmark = pytest.mark.usefixtures("client_passwords_on")

# Of the signs a text message of 160 may hold, those that our texts use.
GSM_7 = set(string.ascii_letters + string.digits + " \n@#.,:;!?'\"()-/%äöüÄÖÜß")
LANGUAGES = [code for code, _ in project_settings.LANGUAGES]

BY_TEXT_MESSAGE = [kind for kind, notice in NOTICES.items() if notice.text_message]

Fail = Callable[[SmsError], None]


@pytest.fixture
def provider_says(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """From now on the provider takes messages and says that this came of them."""

    def say(failure: SmsError) -> None:
        class Gateway(MemoryGateway):
            def send(self, number: str, text: str) -> None:
                sms.outbox.append(Message(number, text))
                raise failure

        monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)

    return say


def test_a_code_that_was_not_sent_is_dropped_with_its_cool_down(
    alice: Account, provider_says: Fail, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider_says(NotSent(Reason.UNREACHABLE))
    with pytest.raises(codes.NotSent) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    monkeypatch.undo()

    with pytest.raises(codes.NoCode):
        issue(alice, last_code())

    assert not caught.value.permanent
    assert alice.security_events.get(kind="code-not-sent").detail == {
        "reason": "unreachable"
    }
    assert issue(alice, code_for(alice)).secret


PASSES = {"handset", "too-many", "unreachable", "timeout", "provider"}


@pytest.mark.parametrize(
    ("reason", "permanent"),
    [(reason, reason.value not in PASSES) for reason in Reason],
)
def test_asking_again_is_of_no_use_where_somebody_has_to_change_something(
    alice: Account, provider_says: Fail, reason: Reason, *, permanent: bool
) -> None:
    provider_says(NotSent(reason))

    with pytest.raises(codes.NotSent) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert caught.value.permanent is permanent


def test_a_code_that_may_have_been_sent_holds_with_its_cool_down(
    alice: Account, provider_says: Fail, clock: Traveller
) -> None:
    provider_says(Unknown(Reason.TIMEOUT))
    with pytest.raises(codes.MayBeLate):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    with pytest.raises(codes.TooSoon):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert issue(alice, last_code()).secret
    assert alice.security_events.get(kind="code-sent").detail == {"reason": "timeout"}


def test_a_resend_that_surely_failed_leaves_the_former_code_good(
    alice: Account,
    provider_says: Fail,
    clock: Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    former = code_for(alice)
    clock.shift(60)
    provider_says(NotSent(Reason.TOO_MANY))
    for _ in range(3):  # there is no cool-down for what did not leave
        with pytest.raises(codes.NotSent) as caught:
            codes.send_code(alice, Purpose.ISSUE, by=HOME)
        assert caught.value.former_works
    unsent = last_code()
    monkeypatch.undo()

    if unsent != former:
        assert isinstance(spend(alice, unsent), codes.WrongCode)
    assert codes.has_outstanding_code(phone_of(alice), Purpose.ISSUE, by=HOME)
    assert issue(alice, former).secret
    with pytest.raises(codes.NoCode):
        issue(alice, former)


def test_a_resend_elsewhere_that_failed_leaves_the_former_code_to_its_session(
    alice: Account, provider_says: Fail, clock: Traveller
) -> None:
    former = code_for(alice, by=HOME)
    clock.shift(60)
    provider_says(NotSent(Reason.UNREACHABLE))
    with pytest.raises(codes.NotSent) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=OFFICE)

    assert not caught.value.former_works
    with pytest.raises(codes.NoCode):
        issue(alice, former, by=OFFICE)
    assert issue(alice, former, by=HOME).secret


def test_the_former_code_runs_out_when_it_would_have(
    alice: Account, provider_says: Fail, clock: Traveller
) -> None:
    former = code_for(alice)
    clock.shift(299)
    provider_says(NotSent(Reason.UNREACHABLE))
    with pytest.raises(codes.NotSent) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    assert caught.value.former_works
    clock.shift(1)

    with pytest.raises(codes.Expired):
        issue(alice, former)
    with pytest.raises(codes.NotSent) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    assert not caught.value.former_works


@pytest.mark.parametrize("which", ["former", "new"])
def test_of_a_resend_that_may_have_left_either_code_is_good_once(
    alice: Account, provider_says: Fail, clock: Traveller, which: str
) -> None:
    former = code_for(alice)
    clock.shift(60)
    provider_says(Unknown(Reason.TIMEOUT))
    with pytest.raises(codes.MayBeLate) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    new = last_code()

    assert caught.value.former_works
    assert issue(alice, former if which == "former" else new).secret
    for code in (former, new):
        with pytest.raises(codes.NoCode):
            issue(alice, code)


def test_after_a_resend_that_may_have_left_a_failed_one_leaves_both(
    alice: Account, provider_says: Fail, clock: Traveller
) -> None:
    first = code_for(alice)
    clock.shift(60)
    provider_says(Unknown(Reason.TIMEOUT))
    with pytest.raises(codes.MayBeLate):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    second = last_code()
    clock.shift(60)
    provider_says(NotSent(Reason.UNREACHABLE))
    with pytest.raises(codes.NotSent):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    phone = phone_of(alice)
    scope = codes._get_scope(Purpose.ISSUE, HOME)
    assert [phone.digest, phone.former_digest] == [
        phone._digest(code, scope) for code in (second, first)
    ]


def test_two_codes_have_no_more_tries_than_one(
    alice: Account, provider_says: Fail, clock: Traveller
) -> None:
    former = code_for(alice)
    clock.shift(60)
    provider_says(Unknown(Reason.TIMEOUT))
    with pytest.raises(codes.MayBeLate):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)
    new, wrong = last_code(), "000000"
    while wrong in {former, new}:
        wrong = f"{int(wrong) + 1:06}"
    for _ in range(5):
        assert isinstance(spend(alice, wrong), codes.WrongCode)
        clock.shift(20)

    assert isinstance(spend(alice, former), codes.NoCode)
    assert isinstance(spend(alice, new), codes.NoCode)


def test_a_failure_that_comes_late_does_not_revive_what_was_spent(
    alice: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = code_for(alice)
    clock.shift(60)

    class Slow(MemoryGateway):
        """Fails only when the owner has typed the former code."""

        def send(self, number: str, text: str) -> None:
            assert issue(alice, former).secret
            raise NotSent(Reason.UNREACHABLE)

    monkeypatch.setitem(sms.GATEWAYS, "memory", Slow)
    with pytest.raises(codes.NotSent):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert isinstance(spend(alice, former), codes.NoCode)


def test_a_late_failure_does_not_drop_the_code_that_came_after(
    alice: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(MemoryGateway):
        """Fails only when the owner has got another code elsewhere."""

        def send(self, number: str, text: str) -> None:
            monkeypatch.undo()
            clock.shift(61)
            code_for(alice, by=OFFICE)
            raise NotSent(Reason.UNREACHABLE)

    monkeypatch.setitem(sms.GATEWAYS, "memory", Slow)
    with pytest.raises(codes.NotSent):
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert issue(alice, last_code(), by=OFFICE).secret


def test_no_transaction_is_open_while_the_provider_is_spoken_to(
    transactional_db: None, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Gateway(MemoryGateway):
        def send(self, number: str, text: str) -> None:
            seen.append(connection.in_atomic_block)

    monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)
    codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert seen == [False]


def test_the_next_code_has_to_wait_a_minute(alice: Account, clock: Traveller) -> None:
    code_for(alice)
    clock.shift(59)

    with pytest.raises(codes.TooSoon) as caught:
        codes.send_code(alice, Purpose.ISSUE, by=HOME)

    assert caught.value.wait == timedelta(seconds=1)
    assert len(sms.outbox) == 1
    clock.shift(1)
    code_for(alice)
    assert len(sms.outbox) == 2


def test_the_cool_down_holds_for_all_sessions(alice: Account, clock: Traveller) -> None:
    code_for(alice, by=HOME)

    with pytest.raises(codes.TooSoon):
        codes.send_code(alice, Purpose.ISSUE, by=OFFICE)


def test_a_code_that_was_typed_in_needs_no_cool_down(
    alice: Account, clock: Traveller
) -> None:
    for _ in range(10):
        issue(alice, code_for(alice))

    assert alice.client_passwords.live().count() == 10


def test_a_text_message_binds_the_code_to_our_host(
    alice: Account, settings: Settings
) -> None:
    settings.MAIL_SITES = [
        {"key": "sg", "name": "Singapore", "url": "https://mail.sg.example.com/"}
    ]

    code = code_for(alice)

    first, *_, last = sms.outbox[-1].text.split("\n")
    assert first.startswith(f"{code} is your code for a new security password.")
    assert "Valid for 5 minutes" in first
    assert last == f"@mail.sg.example.com #{code}"


def test_without_a_site_the_text_has_no_last_line(
    alice: Account, settings: Settings
) -> None:
    settings.MAIL_SITES = []

    code_for(alice)

    assert "@" not in sms.outbox[-1].text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("act", Purpose)
def test_a_text_message_fits_into_one_part(
    alice: Account, settings: Settings, language: str, act: Purpose
) -> None:
    settings.MAIL_SITES = [
        {"key": "sg", "name": "Singapore", "url": "https://mail.sg.example.com/"}
    ]
    alice.language = language
    phones.propose_number(alice, PhoneNumber.from_string("+12025550177"), by=HOME)

    codes.send_code(alice, act, by=HOME)

    text = sms.outbox[-1].text
    assert len(text) <= (160 if set(text) <= GSM_7 else 70)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", BY_TEXT_MESSAGE)
def test_what_a_number_is_told_fits_into_one_part(
    alice: Account, language: str, kind: str
) -> None:
    alice.language = language

    text = composing.write_text_message(alice, kind)

    assert len(text) <= (160 if set(text) <= GSM_7 else 70)


def test_each_act_is_named_by_a_text_of_its_own() -> None:
    assert set(codes.TEXT_MESSAGES) == set(Purpose)
    assert len(set(codes.TEXT_MESSAGES.values())) == len(Purpose)


def test_what_was_sent_is_recorded_without_number_and_code(alice: Account) -> None:
    code = code_for(alice)

    event = alice.security_events.get()

    assert (event.kind, event.actor) == ("code-sent", "alice@example.com")
    assert event.network_address == HOME.network_address
    assert code not in str(event.detail)


def test_what_was_refused_is_recorded_with_the_reason(alice: Account) -> None:
    with pytest.raises(codes.NoCode):
        issue(alice, "123456")

    event = alice.security_events.get()
    assert (event.kind, event.detail) == ("code-refused", {"reason": "NoCode"})
