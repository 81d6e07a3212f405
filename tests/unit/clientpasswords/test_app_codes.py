"""The identity window with an authenticator app instead of a text message."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts import codes
from accounts.models import Account, Phone
from accounts.moments import moment
from accounts.notify import queue
from accounts.policy import effective
from accounts.signin import authenticator
from accounts.signin.authenticator import AppCode
from clientpasswords import lifecycle
from gateways import sms
from tests.factories import PASSWORD
from tests.unit.administration.jobsteps import do
from tests.unit.clientpasswords.apps import NEW, make_app
from tests.unit.clientpasswords.refusals import assert_says
from tests.unit.support import (
    HOME,
    at_once,
    other_than,
    press_get_code,
    press_next,
    totp_of,
)

pytestmark = pytest.mark.usefixtures("client_passwords_on")


@pytest.fixture
def app(alice: Account, clock: Traveller) -> TOTPDevice:
    """Alice's app, which she set up a day ago."""
    return make_app(alice, timedelta(days=1))


def issue(account: Account, code: str) -> lifecycle.Issued:
    return lifecycle.issue(
        account, code=AppCode(code), attempt=uuid4(), label="Phone", by=HOME
    )


def test_a_code_of_the_app_makes_a_password(alice: Account, app: TOTPDevice) -> None:
    assert issue(alice, totp_of(app)).secret
    assert sms.outbox == []


def test_a_code_of_the_app_works_once(
    alice: Account, app: TOTPDevice, clock: Traveller
) -> None:
    code = totp_of(app)
    issue(alice, code)

    with pytest.raises(codes.WrongCode):
        issue(alice, code)

    clock.shift(30)
    assert issue(alice, totp_of(app)).secret


@pytest.mark.django_db(transaction=True)
def test_of_many_posts_of_one_code_one_makes_a_password(
    alice: Account, app: TOTPDevice
) -> None:
    code = totp_of(app)

    def post(_number: int) -> bool:
        try:
            return bool(issue(alice, code).secret)
        except codes.CodeError:
            return False

    assert sorted(at_once(4, post)) == [False, False, False, True]
    assert alice.client_passwords.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_code_is_taken_once_whatever_the_acts(
    alice: Account, app: TOTPDevice
) -> None:
    policy, code = effective.load_effective_policy(alice).policy, AppCode(totp_of(app))

    def spend(_number: int) -> bool:
        with transaction.atomic():
            refusal = authenticator.spend_code(
                alice, policy, code, has_phone=True, by=HOME
            )
        return refusal is None

    assert sorted(at_once(6, spend)) == [False] * 5 + [True]


def test_wrong_codes_are_counted_though_nothing_is_made(
    alice: Account, app: TOTPDevice, clock: Traveller
) -> None:
    with pytest.raises(codes.WrongCode) as wrong:
        issue(alice, other_than(totp_of(app), by=7))
    with pytest.raises(codes.TooSoon):
        issue(alice, totp_of(app))

    app.refresh_from_db()
    assert (app.throttling_failure_count, wrong.value.tries_left) == (1, 19)
    assert alice.security_events.filter(kind="code-refused").count() == 2
    clock.shift(1)
    assert issue(alice, totp_of(app)).secret


def test_after_twenty_wrong_codes_an_administrator_is_needed(
    alice: Account, app: TOTPDevice, administrator: Client, clock: Traveller
) -> None:
    TOTPDevice.objects.filter(pk=app.pk).update(throttling_failure_count=19)
    with pytest.raises(codes.WrongCode) as last:
        issue(alice, other_than(totp_of(app), by=7))
    assert last.value.tries_left == 0
    assert alice.security_events.filter(kind="codes-locked").exists()
    with pytest.raises(codes.Locked):
        issue(alice, totp_of(app))

    do(administrator, "unlock_codes", [alice])

    assert issue(alice, totp_of(app)).secret


def test_the_policy_and_the_limit_hold_all_the_same(
    alice: Account, app: TOTPDevice
) -> None:
    policy = effective.load_effective_policy(alice).policy
    policy.third_party_logon = False
    policy.save()

    with pytest.raises(lifecycle.ThirdPartyLogonOff):
        issue(alice, totp_of(app))

    app.refresh_from_db()
    assert app.last_t == -1


# --- an app that does not count -------------------------------------------------------


def test_an_app_that_was_set_up_lately_does_not_count(
    alice: Account, browser: Client, clock: Traveller
) -> None:
    device = make_app(alice, timedelta(hours=24) - timedelta(seconds=1))

    with pytest.raises(codes.NoApp):
        issue(alice, totp_of(device))
    page = browser.get(NEW).text
    until = moment(timezone.now() + timedelta(seconds=1), "long")
    assert f"You can use your authenticator app here from {until}." in page
    assert 'value="app"' not in page

    clock.shift(1)
    assert issue(alice, totp_of(device)).secret


def test_an_app_that_was_not_confirmed_does_not_count(
    alice: Account, app: TOTPDevice
) -> None:
    TOTPDevice.objects.update(confirmed=False)

    with pytest.raises(codes.NoApp):
        issue(alice, totp_of(app))


def test_another_owners_app_does_not_count(
    alice: Account, mallory: Account, app: TOTPDevice
) -> None:
    Account.objects.update(client_passwords_on=True)

    with pytest.raises(codes.NoApp):
        issue(mallory, totp_of(app))


def test_without_a_phone_it_counts_only_where_owners_may_enter_one(
    alice: Account, app: TOTPDevice, browser: Client
) -> None:
    Phone.objects.all().delete()
    with pytest.raises(codes.NoApp):
        issue(alice, totp_of(app))
    assert browser.get(NEW).status_code == 409

    policy = effective.load_effective_policy(alice).policy
    policy.owner_sets_phone = True
    policy.save()

    page = browser.get(NEW)
    assert page.status_code == 200
    assert "Get Dynamic Captcha" not in page.text
    assert "Open your authenticator app" in page.text
    assert 'type="radio"' not in page.text
    assert press_next(browser, totp_of(app), method="app").status_code == 200


# --- the window -----------------------------------------------------------------------


def test_the_app_comes_first_and_nobody_is_sent_for_a_text_message(
    browser: Client, app: TOTPDevice
) -> None:
    form = browser.get(NEW).context["form"]

    assert form["method"].value() == "app"
    assert [key for key, _label in form.fields["method"].choices] == ["app", "phone"]
    assert sms.outbox == []


def test_while_a_code_is_on_its_way_the_text_message_is_chosen(
    browser: Client, app: TOTPDevice
) -> None:
    press_get_code(browser)

    page = browser.get(NEW)

    assert page.context["form"]["method"].value() == "phone"
    assert "6 digits, from the text message." in page.text


def test_the_window_offers_both_ways_and_remembers_the_last(
    browser: Client, app: TOTPDevice, clock: Traveller
) -> None:
    first = browser.get(NEW)
    assert 'type="radio"' in first.text
    assert "Get Dynamic Captcha" in first.text

    code = press_get_code(browser)
    assert press_next(browser, code, method="phone").status_code == 200
    assert browser.get(NEW).context["form"]["method"].value() == "phone"

    assert press_next(browser, totp_of(app), method="app").status_code == 200
    assert browser.get(NEW).context["form"]["method"].value() == "app"


def test_without_an_app_nothing_is_to_be_chosen(browser: Client) -> None:
    page = browser.get(NEW).text

    assert 'type="radio"' not in page
    assert "authenticator" not in page
    assert press_next(browser, press_get_code(browser)).status_code == 200
    assert "method" not in browser.cookies


def test_a_code_of_one_way_is_no_code_of_the_other(
    browser: Client, app: TOTPDevice
) -> None:
    sent = press_get_code(browser)

    assert press_next(browser, totp_of(app), method="phone").status_code == 422
    assert press_next(browser, sent, method="app").status_code == 422
    assert press_next(browser, sent, method="phone").status_code == 200


def test_a_way_that_does_not_exist_is_refused(
    browser: Client, app: TOTPDevice, alice: Account
) -> None:
    assert press_next(browser, totp_of(app), method="nobody").status_code == 422
    assert not alice.client_passwords.exists()


def test_a_wrong_code_of_the_app_keeps_the_choice(
    browser: Client, app: TOTPDevice
) -> None:
    answer = press_next(browser, other_than(totp_of(app), by=7), method="app")

    assert answer.status_code == 422
    assert "Incorrect code. 19 tries left." in answer.text
    assert answer.context["form"]["method"].value() == "app"


def test_an_app_that_is_not_there_is_said(browser: Client) -> None:
    answer = press_next(browser, "123456", method="app")

    assert_says(answer, "no app")


def test_a_phone_on_hold_leaves_the_app(browser: Client, app: TOTPDevice) -> None:
    Phone.objects.update(held_until=timezone.now() + timedelta(hours=9))

    page = browser.get(NEW)

    assert page.status_code == 200
    assert "Get Dynamic Captcha" not in page.text
    assert press_next(browser, totp_of(app), method="app").status_code == 200


# --- setting it up --------------------------------------------------------------------


def test_the_owner_is_told_of_an_app_by_mail_and_by_text_message(
    browser: Client, alice: Account, mailoutbox: list[Any]
) -> None:
    set_up = "/settings/two-step/set-up/"
    browser.get(set_up)
    page = browser.post(set_up, {"set_up_view-current_step": "welcome"})
    device = TOTPDevice(key=page.context["form"].key)
    step = {
        "set_up_view-current_step": "generator",
        "generator-token": totp_of(device),
        "generator-password": PASSWORD,
    }
    browser.post(set_up, step)

    queue.deliver_due()

    assert [each.subject for each in mailoutbox] == ["Two-step sign-in was set up"]
    assert "An authenticator app was set up for alice@example.com" in sms.outbox[0].text

    sure = {"understand": "on", "password": PASSWORD}
    browser.post("/settings/two-step/disable/", sure)
    queue.deliver_due()

    assert mailoutbox[1].subject == "Two-step sign-in was turned off"
