"""*Get Dynamic Captcha*: each refusal in words, with its status and the way on."""

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes
from accounts.models import Account, Phone, Policy
from clientpasswords import lifecycle, words
from gateways import sms
from gateways.sms import NotSent, Reason, SmsError, Unknown
from gateways.sms.memory import MemoryGateway
from tests import standins
from tests.factories import make_client_password
from tests.unit.clientpasswords.refusals import REFUSALS, assert_says
from tests.unit.support import last_code, other_than, press_get_code, set_policy

pytestmark = [pytest.mark.usefixtures("client_passwords_on"), pytest.mark.one_database]

NEW = "/settings/account-security/security-passwords/new/"
CODE = f"{NEW}code/"


def test_the_window_asks_for_a_code(browser: Client) -> None:
    response = browser.get(NEW)

    page = response.content.decode()
    assert response.status_code == 200
    assert "Get Dynamic Captcha" in page
    assert "+1 ••• •••• ••23" in page
    assert "Code sent." not in page
    assert 'data-cooldown="0"' in page


def test_each_window_is_an_attempt_of_its_own(browser: Client) -> None:
    attempts = {
        str(browser.get(NEW).context["form"]["attempt"].value()) for _ in range(3)
    }

    assert len(attempts) == 3


def test_a_sent_code_leads_to_the_window_that_takes_it(
    browser: Client, clock: Traveller
) -> None:
    response = browser.post(CODE)

    assert (response.status_code, response["Location"]) == (302, NEW)
    page = browser.get(NEW).content.decode()
    assert "Code sent. It is valid for 5 minutes." in page
    assert 'data-cooldown="60"' in page
    assert len(sms.outbox) == 1


def test_what_is_typed_besides_is_not_looked_at(browser: Client) -> None:
    data = {"number": "+19005550100", "to": "+19005550100", "account": "2"}

    browser.post(CODE, data)

    assert [message.number for message in sms.outbox] == ["+12025550123"]


Arrange = Callable[[Account], object]


def _full(account: Account) -> None:
    set_policy(account, max_client_passwords=1)
    make_client_password(account)


STANDS_AGAINST: list[tuple[str, Arrange]] = [
    ("off", lambda account: set_policy(account, third_party_logon=False)),
    ("switched off", lambda _: Account.objects.update(client_passwords_on=False)),
    ("full", _full),
    ("no phone", lambda _: Phone.objects.all().delete()),
    ("locked", lambda _: Phone.objects.update(throttling_failure_count=20)),
]


@pytest.mark.parametrize(("name", "arrange"), STANDS_AGAINST)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_stands_against_a_password_is_said_before_a_code_is_sent(
    browser: Client, alice: Account, name: str, arrange: Arrange, method: str
) -> None:
    arrange(alice)

    response = browser.get(NEW) if method == "get" else browser.post(CODE)

    assert_says(response, name)
    assert "Get Dynamic Captcha" not in response.content.decode()
    assert sms.outbox == []


@pytest.mark.parametrize("method", ["get", "post"])
def test_that_no_protocol_is_left_is_said_before_a_code_is_sent(
    browser: Client, alice: Account, method: str
) -> None:
    set_policy(alice, imap=False, pop3=False, smtp=False)

    response = browser.get(NEW) if method == "get" else browser.post(CODE)

    page = response.content.decode()
    assert response.status_code == 403
    assert "IMAP, POP3 and SMTP are all switched off" in page
    assert "Get Dynamic Captcha" not in page
    assert sms.outbox == []


def test_a_second_code_within_the_minute_is_refused_with_the_wait(
    browser: Client, clock: Traveller
) -> None:
    press_get_code(browser)
    clock.shift(timedelta(seconds=17, milliseconds=500))

    response = browser.post(CODE)

    assert_says(response, "too soon", at="43")
    assert response["Retry-After"] == "43"
    assert len(sms.outbox) == 1


@pytest.mark.parametrize(
    "case",  # what is reached, how that is said, when there is another
    [
        ("CODES_PER_ACCOUNT_HOUR", "too many", "30 minutes"),
        ("CODES_PER_DAY", "too many of all", "11 hours, 30 minutes"),
    ],
)
def test_a_limit_that_is_reached_is_said_with_the_time(
    browser: Client, clock: Traveller, settings: Settings, case: tuple[str, str, str]
) -> None:
    limit, name, again = case
    setattr(settings, limit, 0)
    clock.shift(timedelta(minutes=30))

    response = browser.post(CODE)

    assert_says(response, name, at=again)
    assert int(response["Retry-After"]) in {30 * 60, 11 * 3600 + 30 * 60}
    assert sms.outbox == []


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (NotSent(Reason.UNREACHABLE), "not sent"),
        (NotSent(Reason.OPTED_OUT), "never sent"),
        (NotSent(Reason.BAD_NUMBER), "never sent"),
        (Unknown(Reason.TIMEOUT), "late"),
    ],
)
def test_what_became_of_a_message_is_said(
    browser: Client, monkeypatch: pytest.MonkeyPatch, failure: SmsError, name: str
) -> None:
    class Gateway(MemoryGateway):
        def send(self, number: str, text: str) -> None:
            raise failure

    monkeypatch.setitem(sms.GATEWAYS, "memory", Gateway)

    response = browser.post(CODE)

    assert_says(response, name)
    assert "Get Dynamic Captcha" in response.content.decode()


@pytest.mark.parametrize(
    ("behaviour", "name"),
    [
        (standins.twilio_refuses(400, 21211), "never sent"),
        (standins.twilio_refuses(429, 20429), "not sent"),
        (standins.answers(500, "oops"), "late"),
        (standins.hangs, "late"),
    ],
    ids=["refused", "too many", "broken", "silent"],
)
def test_whatever_the_vendor_does_the_page_answers_in_time(
    browser: Client, settings: Settings, behaviour: standins.Behaviour, name: str
) -> None:
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = "AC" + "0" * 32
    settings.TWILIO_AUTH_TOKEN = "token"
    settings.TWILIO_SENDER = "+12025550100"
    settings.TWILIO_TIMEOUT = 0.3 if behaviour is standins.hangs else 5.0
    with standins.serve(behaviour) as stand_in:
        settings.TWILIO_API_URL = stand_in.url

        response = browser.post(CODE)

    assert_says(response, name)


def test_there_are_words_for_every_refusal() -> None:
    kinds = {*codes.CodeError.__subclasses__(), *lifecycle.Refused.__subclasses__()}

    assert {type(refusal) for refusal, *_words in REFUSALS.values()} == kinds


@pytest.mark.parametrize("name", REFUSALS)
def test_each_refusal_has_its_status_and_says_what_to_do(
    name: str, clock: Traveller
) -> None:
    refusal, status, title, hint = REFUSALS[name]

    said = words.describe_refusal(refusal)

    assert (said.status, said.title, said.hint) == (status, title, hint)
    assert bool(said.retry_after) == (status == 429)


@pytest.mark.parametrize(
    ("wait", "whole"), [(0.0, 0), (0.1, 1), (1.0, 1), (59.999, 60), (60.0, 60)]
)
def test_a_wait_is_rounded_up(wait: float, whole: int) -> None:
    assert words.round_up_seconds(timedelta(seconds=wait)) == whole


# --- after something went wrong -------------------------------------------------------


@pytest.mark.parametrize("code", ["482913", "48291x"])
def test_a_wrong_code_is_not_shown_again_but_the_form_stays_the_same(
    bob: Account, client: Client, code: str
) -> None:
    client.force_login(bob)
    client.post(reverse("clientpasswords:code"))
    attempt = str(uuid4())

    answer = client.post(
        reverse("clientpasswords:verify"), {"code": code, "attempt": attempt}
    )

    assert answer.status_code == 422
    assert code not in answer.text
    assert f'value="{attempt}"' in answer.text
    assert 'aria-invalid="true"' in answer.text


@pytest.mark.parametrize("asked_by", ["phone", "app"])
@pytest.mark.parametrize("name", ["", "scan-", "disable-", "keep-"])
def test_how_things_stand_is_read_once_a_request(
    alice: Account, browser: Client, name: str, asked_by: str
) -> None:
    Policy.objects.update(code_to_switch_off=True)
    Account.objects.update(client_passwords_on=True)
    soon = timezone.now() + timedelta(days=1)
    row, _secret = make_client_password(alice, suspends_at=soon)
    keys = [row.pk] if name == "keep-" else []
    page = reverse(f"clientpasswords:{name.strip('-') or 'new'}", args=keys)
    verify = page if name == "disable-" else f"{page}verify/"
    browser.get(page)  # which writes its session
    assert browser.post(f"{page}code/").status_code == 302
    code, attempt = last_code(), str(uuid4())
    wrong = {"code": other_than(code), "attempt": attempt, "method": asked_by}

    answers = []
    for method, address, data in [
        ("get", page, None),
        ("post", f"{page}code/", {"attempt": attempt}),  # too soon: refused
        ("post", verify, {"attempt": attempt}),
        ("post", verify, wrong),
    ]:
        with CaptureQueriesContext(connection) as asked:
            answers.append(getattr(browser, method)(address, data).status_code)
        read = [each for each in asked if "silent_since" in each["sql"]]
        assert len(read) == 1, address

    assert answers[0] == 200
    assert all(status in {409, 422, 429} for status in answers[1:])
    right = {"code": code, "attempt": attempt}
    assert browser.post(verify, right).status_code in {200, 302}
