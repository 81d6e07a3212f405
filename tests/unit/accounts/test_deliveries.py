"""The provider tells what became of a code: signed, once, and in any order."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import Traveller
from twilio.request_validator import RequestValidator

from accounts import codes, deliveries
from accounts.codes import Purpose
from accounts.models import Account, SentCode
from gateways import sms
from gateways.sms import Message, Reason, Unknown
from gateways.sms.twilio import TwilioGateway
from tests.unit.support import HOME, at_once, press_get_code

PUBLIC, TOKEN = "https://portal.example", "b7c1d5e9f3a24608"
TO = "+12025550123"


class Provider(TwilioGateway):
    """Twilio, which takes messages and was told where to tell of them."""

    urls: list[str]
    failure: Exception | None

    def send(self, number: str, text: str, status_url: str = "") -> None:
        Provider.urls.append(status_url)
        sms.outbox.append(Message(number, text))
        if Provider.failure:
            raise Provider.failure


@pytest.fixture(autouse=True)
def provider(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> type[Provider]:
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_CALLBACK_URL = PUBLIC
    monkeypatch.setitem(sms.GATEWAYS, "twilio", Provider)
    Provider.urls, Provider.failure = [], None
    return Provider


@pytest.fixture
def enforcing() -> Client:
    """A client that has to show the token of forms, as browsers do."""
    return Client(enforce_csrf_checks=True)


def tell(
    client: Client, url: str, status: str, code: str = "", *, token: str = TOKEN
) -> int:
    form = {"MessageSid": f"SM{'0' * 32}", "MessageStatus": status, "To": TO}
    if code:
        form["ErrorCode"] = code
    signature = RequestValidator(token).compute_signature(url, form)
    response = client.post(
        url.removeprefix(PUBLIC), form, headers={sms.SIGNATURE_HEADER: signature}
    )
    return response.status_code


def send(account: Account) -> str:
    """Send a code; return where the provider tells of it."""
    codes.send_code(account, Purpose.ISSUE, by=HOME)
    return Provider.urls[-1]


def recorded(account: Account) -> list[str]:
    rows = account.security_events.filter(kind="code-undelivered")
    return [row.detail["reason"] for row in rows]


# Codes that they tell of a message which they took, and what they mean.
FAILURES = {
    "30001": Reason.TOO_MANY,
    "30002": Reason.CREDENTIALS,
    "30003": Reason.HANDSET,
    "30004": Reason.NO_ROUTE,
    "30005": Reason.BAD_NUMBER,
    "30006": Reason.BAD_NUMBER,
    "30007": Reason.FILTERED,
    "30008": Reason.PROVIDER,
    "30034": Reason.SENDER,
    "30036": Reason.HANDSET,
    "21610": Reason.OPTED_OUT,
    "99999": Reason.PROVIDER,
    "odd": Reason.PROVIDER,
    "": Reason.PROVIDER,
    "9" * 5000: Reason.PROVIDER,
}


@pytest.mark.parametrize("status", ["failed", "undelivered", "canceled"])
@pytest.mark.parametrize("code", FAILURES)
def test_a_failure_after_the_acceptance_is_recorded(
    enforcing: Client, alice: Account, status: str, code: str
) -> None:
    url = send(alice)

    assert tell(enforcing, url, status, code) == 204

    assert recorded(alice) == [str(FAILURES[code])]
    failure = codes.get_delivery_failure(alice, Purpose.ISSUE, by=HOME)
    assert failure is not None
    assert failure.permanent is FAILURES[code].is_permanent


def test_each_message_has_an_address_of_its_own(
    alice: Account, clock: Traveller
) -> None:
    first = send(alice)
    clock.shift(60)
    second = send(alice)

    assert first != second
    assert first.startswith(f"{PUBLIC}/sms/status/")


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "accepted", "", "odd"])
def test_what_is_no_outcome_changes_nothing(
    enforcing: Client, alice: Account, status: str
) -> None:
    url = send(alice)

    assert tell(enforcing, url, status, "30003") == 204

    assert SentCode.objects.get().outcome == ""
    assert recorded(alice) == []


def test_it_is_recorded_once_however_often_it_is_told(
    enforcing: Client, alice: Account
) -> None:
    url = send(alice)

    told = [tell(enforcing, url, "undelivered", "30003") for _ in range(3)]

    assert told == [204] * 3
    assert recorded(alice) == ["handset"]


def test_an_earlier_status_that_comes_later_changes_nothing(
    enforcing: Client, alice: Account
) -> None:
    url = send(alice)
    for status in ("undelivered", "sent", "queued", "delivered"):
        tell(enforcing, url, status, "30006")

    assert SentCode.objects.get().outcome == "bad-number"
    assert recorded(alice) == ["bad-number"]


def test_what_was_delivered_does_not_fail_afterwards(
    enforcing: Client, alice: Account
) -> None:
    url = send(alice)
    tell(enforcing, url, "delivered")
    tell(enforcing, url, "undelivered", "30003")

    assert recorded(alice) == []
    assert codes.get_delivery_failure(alice, Purpose.ISSUE, by=HOME) is None


def test_of_a_message_that_nobody_knew_was_taken_it_is_learned(
    enforcing: Client, alice: Account
) -> None:
    Provider.failure = Unknown(Reason.TIMEOUT)
    with pytest.raises(codes.MayBeLate):
        send(alice)

    tell(enforcing, Provider.urls[-1], "failed", "21610")

    assert recorded(alice) == ["opted-out"]


def test_the_failure_of_an_older_message_is_not_shown_of_the_newer(
    enforcing: Client, alice: Account, clock: Traveller
) -> None:
    older = send(alice)
    clock.shift(60)
    send(alice)

    tell(enforcing, older, "undelivered", "30003")

    assert recorded(alice) == ["handset"]
    assert codes.get_delivery_failure(alice, Purpose.ISSUE, by=HOME) is None


def test_the_window_says_so_in_place_of_sent(
    browser: Client, alice: Account, client_passwords_on: None, enforcing: Client
) -> None:
    press_get_code(browser)
    window = reverse("clientpasswords:new")
    assert "Code sent." in browser.get(window).content.decode()

    tell(enforcing, Provider.urls[-1], "undelivered", "30006")

    page = " ".join(browser.get(window).content.decode().split())
    assert "Code sent." not in page
    assert "The text message could not be delivered." in page
    assert "Ask your administrator for help." in page


# --- nobody else can tell -------------------------------------------------------------


@pytest.mark.parametrize("token", ["another token", ""])
def test_what_the_provider_did_not_sign_is_refused(
    enforcing: Client, alice: Account, token: str
) -> None:
    url = send(alice)

    assert tell(enforcing, url, "undelivered", "30003", token=token) == 403

    assert recorded(alice) == []


def test_without_a_token_nothing_is_believed(
    enforcing: Client, alice: Account, settings: Settings
) -> None:
    url = send(alice)
    settings.TWILIO_AUTH_TOKEN = ""

    assert tell(enforcing, url, "undelivered", "30003", token="") == 403


@pytest.mark.parametrize("change", ["signature", "form", "address", "none"])
def test_a_signature_is_good_for_one_address_and_one_form(
    enforcing: Client, alice: Account, clock: Traveller, change: str
) -> None:
    url = send(alice)
    clock.shift(60)
    other = send(alice)
    form = {"MessageStatus": "undelivered", "ErrorCode": "30003"}
    signature = RequestValidator(TOKEN).compute_signature(url, form)
    where = (other if change == "address" else url).removeprefix(PUBLIC)
    if change == "form":
        form["ErrorCode"] = "21610"
    headers = {} if change == "none" else {sms.SIGNATURE_HEADER: signature}
    if change == "signature":
        headers[sms.SIGNATURE_HEADER] = signature[:-4] + "AAA="

    assert enforcing.post(where, form, headers=headers).status_code == 403
    assert recorded(alice) == []


def test_a_message_that_is_gone_is_answered_alike(enforcing: Client, db: None) -> None:
    url = f"{PUBLIC}/sms/status/{uuid4()}/"

    assert tell(enforcing, url, "undelivered", "30003") == 204


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_is_taken(enforcing: Client, alice: Account, method: str) -> None:
    where = send(alice).removeprefix(PUBLIC)

    assert getattr(enforcing, method)(where).status_code == 405


@pytest.mark.parametrize("name", ["TWILIO_CALLBACK_URL", "SMS_GATEWAY"])
def test_where_nobody_tells_there_is_no_such_page(
    enforcing: Client, alice: Account, settings: Settings, name: str
) -> None:
    url = send(alice)
    setattr(settings, name, "memory" if name == "SMS_GATEWAY" else "")

    assert tell(enforcing, url, "undelivered", "30003") == 404
    assert deliveries.expect(alice, "scope") == ""
    assert SentCode.objects.count() == 1


def test_nothing_secret_is_logged_or_kept(
    enforcing: Client, alice: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    url = send(alice)
    code = sms.outbox[-1].text[:6]
    tell(enforcing, url, "undelivered", "30003", token="another token")
    tell(enforcing, url, "undelivered", "30003")

    rows = str([*SentCode.objects.values(), *alice.security_events.values()])
    for secret in (TO, TO[1:], code, TOKEN, "SM000", HOME.session_key):
        assert secret not in caplog.text
        assert secret not in rows
        assert secret not in url


def test_it_is_forgotten_after_two_days(alice: Account, clock: Traveller) -> None:
    send(alice)
    clock.shift(timedelta(days=2, seconds=1))
    send(alice)

    assert deliveries.forget() == 1
    assert SentCode.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_ten_requests_at_once_are_recorded_once(alice: Account) -> None:
    url = send(alice)

    def tell_one(_number: int) -> Any:
        return tell(Client(), url, "undelivered", "30003")

    assert set(at_once(10, tell_one)) == {204}
    assert recorded(alice) == ["handset"]
