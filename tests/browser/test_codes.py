"""Everything that can go wrong with a code, and what the window says then."""

import re
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import Account, Phone
from gateways import sms
from tests import standins
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.watch import Watch
from tests.patience import SOON

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit: Visit, bob: Account) -> Page:
    """Bob's identity window."""
    return visit(steps.NEW, bob)


LOUD = "element => getComputedStyle(element).backgroundColor"


def test_the_loud_button_is_the_one_to_press_next(page: Page) -> None:
    get, then = steps.button(page, "Get Dynamic Captcha"), steps.button(page, "Next")
    loud, quiet = get.evaluate(LOUD), then.evaluate(LOUD)

    steps.get_code(page)

    assert loud != quiet
    assert then.evaluate(LOUD) == loud
    sent = page.get_by_role("button", name=re.compile("Send again"))
    assert sent.evaluate(LOUD) != loud


def minutes_pass(minutes: int = 10) -> None:
    """What is on file about codes happened so much earlier."""
    span = timedelta(minutes=minutes)
    for phone in Phone.objects.all():
        if phone.valid_until:
            phone.valid_until -= span
        if phone.last_generated_timestamp:
            phone.last_generated_timestamp -= span
        if phone.throttling_failure_timestamp:
            phone.throttling_failure_timestamp -= span
        phone.save()


def nothing_was_made(account: Account) -> bool:
    return not account.client_passwords.exists()


def test_a_wrong_code_says_how_many_tries_are_left(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {422}
    code = steps.get_code(page)

    steps.type_code(page, steps.wrong_code())

    field = page.get_by_label("Dynamic Captcha")
    expect(field).to_have_accessible_description("Incorrect code. 4 tries left.")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_be_focused()
    expect(field).to_have_value("")
    expect(page).to_have_title(re.compile("^Error:"))
    assert nothing_was_made(bob)
    steps.type_code(page, code)
    assert steps.opens(bob, steps.shown(page))


@pytest.mark.parametrize("typed", ["12345", "1234567", "12 34"])
def test_a_code_of_another_length_costs_no_try(
    page: Page, typed: str, watch: Watch
) -> None:
    watch.expected |= {422}
    code = steps.get_code(page)

    steps.type_code(page, typed)

    field = page.get_by_label("Dynamic Captcha")
    expect(field).to_have_accessible_description("The code has six digits.")
    assert Phone.objects.get().tries_left == 5
    steps.type_code(page, f" {code[:3]}-{code[3:]}")
    steps.shown(page)


def test_the_last_try_kills_the_code(page: Page, bob: Account, watch: Watch) -> None:
    watch.expected |= {409, 422}
    code = steps.get_code(page)
    Phone.objects.update(throttling_failure_count=4)

    steps.type_code(page, steps.wrong_code())
    expect(page.get_by_text("That was your last try.")).to_be_visible()
    steps.type_code(page, code)

    expect(
        page.get_by_text("No code was sent yet, or the last one was already used.")
    ).to_be_visible()
    assert nothing_was_made(bob)


def test_an_old_code_says_so_and_a_new_one_can_be_had_at_once(
    page: Page, bob: Account, watch: Watch
) -> None:
    watch.expected |= {422}
    code = steps.get_code(page)

    minutes_pass()
    steps.type_code(page, code)

    expect(page.get_by_text("The code has expired.")).to_be_visible()
    assert nothing_was_made(bob)
    steps.type_code(page, steps.get_code(page))
    steps.shown(page)


def test_next_without_a_code_says_where_to_get_one(page: Page, watch: Watch) -> None:
    watch.expected |= {409}

    steps.type_code(page, "123456")

    expect(
        page.get_by_text("No code was sent yet, or the last one was already used.")
    ).to_be_visible()


def test_the_code_of_another_session_is_not_good_here(
    page: Page, visit: Visit, bob: Account, watch: Watch
) -> None:
    watch.expected |= {409}
    code = steps.get_code(page)

    elsewhere = visit(steps.NEW, bob)
    steps.type_code(elsewhere, code)

    expect(
        elsewhere.get_by_text("No code was sent yet, or the last one was already used.")
    ).to_be_visible()
    assert nothing_was_made(bob)


def test_asking_again_waits_until_the_countdown_has_run(
    visit: Visit, bob: Account
) -> None:
    page = visit("/", bob)
    page.clock.install()
    page.goto(steps.NEW)
    steps.get_code(page)

    resting = page.get_by_role("button", name=re.compile(r"Send again in \d+ s"))
    expect(resting).to_be_disabled()
    resting.click(force=True)
    assert len(sms.outbox) == 1

    page.clock.run_for("01:05")
    ready = page.get_by_text("You can ask for a new code now.")
    expect(ready).to_be_attached()
    minutes_pass(minutes=1)
    steps.get_code(page)


def test_without_a_countdown_the_server_says_that_it_was_too_soon(
    visit: Visit, bob: Account, watch: Watch
) -> None:
    watch.expected |= {429}
    page = visit(steps.NEW, bob, java_script_enabled=False)
    steps.get_code(page)

    steps.button(page, "Get Dynamic Captcha").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Please wait a moment.")
    expect(alert).to_contain_text(re.compile(r"Wait \d+ seconds?, then try again."))
    assert len(sms.outbox) == 1


def test_trying_on_too_soon_after_mistakes_has_to_wait(
    page: Page, watch: Watch
) -> None:
    watch.expected |= {429}
    code = steps.get_code(page)
    Phone.objects.update(
        throttling_failure_count=4, throttling_failure_timestamp=timezone.now()
    )

    steps.type_code(page, code)

    expect(page.get_by_role("alert")).to_contain_text("Please wait a moment.")
    expect(
        page.get_by_role("button", name=re.compile(r"Try again in \d s"))
    ).to_be_visible()
    expect(page.get_by_label("Dynamic Captcha")).to_have_value(code)
    minutes_pass(minutes=1)
    steps.button(page, "Next").click()
    steps.shown(page)


def test_too_many_codes_says_when_to_come_back(
    page: Page, settings: Settings, watch: Watch
) -> None:
    watch.expected |= {429}
    settings.CODES_PER_ACCOUNT_HOUR = 1
    steps.get_code(page)

    minutes_pass()
    page.reload()
    steps.button(page, "Get Dynamic Captcha").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You have asked for too many codes.")
    expect(alert).to_contain_text("Try again in")
    assert len(sms.outbox) == 1


def test_codes_that_are_locked_are_said_on_the_page_and_in_the_window(
    visit: Visit, bob: Account, watch: Watch
) -> None:
    watch.expected |= {403}
    Phone.objects.update(throttling_failure_count=20)

    page = visit(steps.AREA, bob)
    expect(page.get_by_text("Too many wrong codes were entered.")).to_be_visible()
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()

    page.goto(steps.NEW)
    expect(page.get_by_role("alert")).to_contain_text("Ask your administrator")
    expect(steps.button(page, "Next")).to_be_hidden()


@pytest.fixture
def provider(settings: Settings) -> Settings:
    """Text messages go out by the real gateway, to wherever a test says."""
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_SENDER = "+12025550100"
    settings.TWILIO_TIMEOUT = 0.5
    return settings


def test_a_provider_that_is_down_costs_nothing_and_can_be_asked_again(
    page: Page, bob: Account, provider: Settings, watch: Watch
) -> None:
    watch.expected |= {503}
    provider.TWILIO_API_URL = standins.closed_port()

    steps.button(page, "Get Dynamic Captcha").click()

    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The text message could not be sent.")
    expect(alert).to_contain_text("Nothing was lost.")
    expect(alert).to_be_focused()
    provider.SMS_GATEWAY = "memory"
    steps.type_code(page, steps.get_code(page))
    steps.shown(page)


def test_a_phone_that_refuses_our_messages_needs_the_administrator(
    page: Page, provider: Settings, watch: Watch
) -> None:
    watch.expected |= {503}
    with standins.serve(standins.twilio_refuses(400, 21610)) as server:
        provider.TWILIO_API_URL = server.url
        steps.button(page, "Get Dynamic Captcha").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("Text messages cannot be sent to your number.")


def test_a_provider_that_says_nothing_is_not_waited_for(
    page: Page, provider: Settings, watch: Watch
) -> None:
    watch.expected |= {503}
    with standins.serve(standins.hangs) as server:
        provider.TWILIO_API_URL = server.url
        began = time.monotonic()
        steps.button(page, "Get Dynamic Captcha").click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("The text message may be delayed.")
        assert time.monotonic() - began < SOON

        body = server.requests[0].form["Body"]
        steps.type_code(page, body[:6])
        steps.shown(page)


def test_a_session_that_ended_in_the_middle_leads_to_the_sign_in(
    page: Page, bob: Account
) -> None:
    code = steps.get_code(page)

    page.context.clear_cookies(name="session")
    steps.type_code(page, code)

    expect(steps.heading(page, "Sign in")).to_be_visible()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    assert nothing_was_made(bob)
