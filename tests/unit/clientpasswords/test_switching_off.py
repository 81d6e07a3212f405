"""The code before security passwords are turned off, unless a policy waives it."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts import codes
from accounts.codes import Purpose
from accounts.models import Account, Cutoff, Phone, Policy, SecurityEvent
from clientpasswords import lifecycle
from gateways import sms
from tests.unit.clientpasswords.refusals import assert_says
from tests.unit.support import HOME, OFFICE, code_for, last_code, other_than

PAGE = "clientpasswords:disable"


@pytest.fixture(autouse=True)
def _asked_for(alice: Account, clock: time_machine.Traveller) -> None:
    Account.objects.update(client_passwords_on=True)


def is_on(account: Account) -> bool:
    account.refresh_from_db()
    return account.client_passwords_on


def press_get_code(browser: Client) -> str:
    response = browser.post(reverse("clientpasswords:disable-code"))
    assert response.status_code == 302
    assert response["Location"] == reverse(PAGE)
    return last_code()


def press_ok(browser: Client, code: str) -> int:
    attempt = "11111111-1111-4111-8111-111111111111"
    data = {"code": code, "attempt": attempt}
    return browser.post(reverse(PAGE), data).status_code


def test_nothing_is_turned_off_without_a_code(alice: Account) -> None:
    with pytest.raises(codes.NoCode):
        lifecycle.switch_off(alice, by=HOME)

    assert is_on(alice)


def test_a_code_turns_it_off_once(alice: Account) -> None:
    lifecycle.send_code(alice, Purpose.SWITCH_OFF, by=HOME)
    code = last_code()

    lifecycle.switch_off(alice, by=HOME, code=code)
    assert not is_on(alice)

    lifecycle.switch_on(alice, by=HOME)
    with pytest.raises(codes.NoCode):
        lifecycle.switch_off(alice, by=HOME, code=code)
    assert is_on(alice)


def test_a_wrong_code_is_counted_and_turns_nothing_off(alice: Account) -> None:
    lifecycle.send_code(alice, Purpose.SWITCH_OFF, by=HOME)

    with pytest.raises(codes.WrongCode):
        lifecycle.switch_off(alice, by=HOME, code=other_than(last_code()))

    assert is_on(alice)
    assert Phone.objects.get().throttling_failure_count == 1


def test_codes_for_something_else_do_not_turn_it_off(alice: Account) -> None:
    code = code_for(alice)

    with pytest.raises(codes.NoCode):
        lifecycle.switch_off(alice, by=HOME, code=code)


def test_a_code_of_another_browser_does_not_turn_it_off(alice: Account) -> None:
    lifecycle.send_code(alice, Purpose.SWITCH_OFF, by=HOME)

    with pytest.raises(codes.NoCode):
        lifecycle.switch_off(alice, by=OFFICE, code=last_code())


def test_it_does_not_make_a_password(alice: Account) -> None:
    lifecycle.send_code(alice, Purpose.SWITCH_OFF, by=HOME)

    assert isinstance(
        codes.spend_code(alice, Purpose.ISSUE, last_code(), by=HOME), codes.NoCode
    )


def test_where_it_is_required_no_text_message_is_spent(alice: Account) -> None:
    Policy.objects.update(client_passwords_required=True)

    with pytest.raises(lifecycle.Required):
        lifecycle.send_code(alice, Purpose.SWITCH_OFF, by=HOME)

    assert not sms.outbox


def test_the_page_asks_for_the_code(alice: Account, browser: Client) -> None:
    page = browser.get(reverse(PAGE)).content.decode()
    assert "Confirm this with a code." in page
    assert 'name="code"' in page

    code = press_get_code(browser)

    assert press_ok(browser, other_than(code)) == 422
    assert is_on(alice)
    assert press_ok(browser, code) == 302
    assert not is_on(alice)
    assert SecurityEvent.objects.filter(kind="switched-off").count() == 1


def test_the_server_does_not_rely_on_the_page(alice: Account, browser: Client) -> None:
    assert browser.post(reverse(PAGE)).status_code == 422
    assert press_ok(browser, "123456") == 409

    assert is_on(alice)
    assert not Cutoff.objects.exists()


def test_who_has_no_phone_is_told_so(alice: Account, browser: Client) -> None:
    Phone.objects.all().delete()

    response = browser.get(reverse(PAGE))

    assert_says(response, "no phone")


def test_where_no_code_is_asked_for_ok_is_enough(
    alice: Account, browser: Client
) -> None:
    Policy.objects.update(code_to_switch_off=False)
    assert 'name="code"' not in browser.get(reverse(PAGE)).content.decode()

    assert browser.post(reverse(PAGE)).status_code == 302

    assert not is_on(alice)


def test_the_window_that_turns_them_on_says_what_turning_off_needs(
    alice: Account, browser: Client
) -> None:
    Account.objects.update(client_passwords_on=False)
    page = reverse("clientpasswords:enable")
    assert "turn this off again with a code" in browser.get(page).text
    assert "You cannot get codes now." not in browser.get(page).text

    Phone.objects.all().delete()
    assert "You cannot get codes now." in browser.get(page).text

    Policy.objects.update(code_to_switch_off=False)
    assert "turn this off again at any time" in browser.get(page).text
