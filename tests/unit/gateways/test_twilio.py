import base64
import logging
import socket
import threading
import traceback
from threading import BoundedSemaphore
from time import monotonic

import pytest
from pytest_django import Settings

from gateways import sms
from gateways.sms import NotSent, Reason, SmsError, Unknown, twilio
from tests import standins
from tests.patience import PATIENCE, SOON
from tests.standins import Behaviour, StandIn
from tests.unit.gateways.twilio_failures import (
    CODE,
    DRIPPED_HEAD,
    NOT_SENT,
    NUMBER,
    SID,
    TEXT,
    TIMED_OUT,
    TOKEN,
    UNKNOWN,
    cases,
    failure,
    wait_for_calls,
)


def test_a_message_is_handed_over_once_with_all_it_needs(provider: StandIn) -> None:
    sms.send(NUMBER, TEXT)

    (request,) = provider.requests
    assert request.method == "POST"
    assert request.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert request.form == {
        "To": NUMBER,
        "Body": TEXT,
        "ValidityPeriod": "300",
        "MessagingServiceSid": "MG1",
    }
    key = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {key}"


def test_the_provider_is_told_where_to_tell_of_a_message(provider: StandIn) -> None:
    sms.send(NUMBER, TEXT, status_url="https://portal.example/sms/status/1/")

    form = provider.requests[0].form
    assert form["StatusCallback"] == "https://portal.example/sms/status/1/"


def test_without_a_messaging_service_the_sender_is_named(
    provider: StandIn, settings: Settings
) -> None:
    settings.TWILIO_MESSAGING_SERVICE_SID = ""
    settings.TWILIO_SENDER = "+12025550199"

    sms.send(NUMBER, TEXT)

    form = provider.requests[0].form
    assert form["From"] == "+12025550199"
    assert "MessagingServiceSid" not in form


@cases(*NOT_SENT)
def test_a_refused_message_is_surely_not_sent(
    provider: StandIn, behaviour: Behaviour, reason: Reason
) -> None:
    provider.behave = behaviour

    error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is reason
    assert len(provider.requests) == 1


@cases(*UNKNOWN)
def test_after_a_broken_answer_the_message_may_still_arrive(
    provider: StandIn, behaviour: Behaviour, reason: Reason
) -> None:
    provider.behave = behaviour

    error = failure()

    assert isinstance(error, Unknown)
    assert error.reason is reason
    assert len(provider.requests) == 1


@cases(*TIMED_OUT)
def test_a_slow_provider_is_left_at_the_time_out(
    provider: StandIn, settings: Settings, behaviour: Behaviour
) -> None:
    provider.behave = behaviour
    settings.TWILIO_TIMEOUT = 0.3
    began = monotonic()

    error = failure()

    assert 0.3 <= monotonic() - began < SOON
    assert isinstance(error, Unknown)
    assert error.reason is Reason.TIMEOUT
    provider.stopped.set()
    wait_for_calls()
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "behaviour", [standins.hangs, standins.stops(standins.half("{}{}"))]
)
def test_a_call_that_ends_before_its_caller_goes_on_was_too_slow_as_well(
    provider: StandIn, settings: Settings, behaviour: Behaviour
) -> None:
    """Both wait as long: on a busy machine the call may be the first to end."""
    provider.behave = behaviour
    settings.TWILIO_TIMEOUT = 0.2
    reports: list[SmsError | None] = []

    twilio._deliver(NUMBER, TEXT, reports.append)

    (error,) = reports
    assert isinstance(error, Unknown)
    assert error.reason is Reason.TIMEOUT


def test_a_slow_answer_within_the_time_out_is_an_answer(provider: StandIn) -> None:
    def slow(handler: standins.Handler) -> None:
        provider.stopped.wait(0.2)
        standins.twilio_accepts(handler)

    provider.behave = slow

    sms.send(NUMBER, TEXT)

    assert len(provider.requests) == 1


def test_a_provider_that_cannot_be_reached_got_nothing(account: Settings) -> None:
    account.TWILIO_API_URL = standins.closed_port()

    error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is Reason.UNREACHABLE


def test_a_connection_that_is_not_answered_carried_nothing(account: Settings) -> None:
    account.TWILIO_TIMEOUT = 0.4
    with standins.full_port() as account.TWILIO_API_URL:
        error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is Reason.UNREACHABLE


def test_a_name_that_does_not_resolve_carried_nothing(
    account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*args: object, **options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    account.TWILIO_API_URL = "http://provider.example"

    error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is Reason.UNREACHABLE


def test_a_silent_name_server_is_left_at_the_time_out(
    account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = threading.Event()

    def silent(*args: object, **options: object) -> None:
        over.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    account.TWILIO_API_URL = "http://provider.example"
    account.TWILIO_TIMEOUT = 0.1

    error = failure()

    over.set()
    wait_for_calls()
    assert isinstance(error, Unknown)
    assert error.reason is Reason.TIMEOUT


@pytest.mark.parametrize("url", ["no-scheme", "http://", "gopher://127.0.0.1"])
def test_an_address_that_is_none_got_nothing(account: Settings, url: str) -> None:
    account.TWILIO_API_URL = url

    error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is Reason.UNREACHABLE


def test_a_proxy_that_is_down_passed_nothing_on(
    provider: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", standins.closed_port())

    error = failure()

    assert isinstance(error, NotSent)
    assert error.reason is Reason.UNREACHABLE
    assert not provider.requests


def test_calls_that_do_not_end_never_pile_up(
    account: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.TWILIO_TIMEOUT = 0.2
    monkeypatch.setattr(twilio, "_slots", BoundedSemaphore(1))

    with standins.serve(standins.drips(DRIPPED_HEAD)) as stand_in:
        account.TWILIO_API_URL = stand_in.url
        first, second = failure(), failure()
    wait_for_calls()

    assert isinstance(first, Unknown)
    assert isinstance(second, NotSent)
    assert second.reason is Reason.UNREACHABLE
    assert len(stand_in.requests) == 1
    # The call that was given up has ended with its server; there is room again.
    assert twilio._slots.acquire(blocking=False)


# --- no secret is told ----------------------------------------------------------------


@cases(*NOT_SENT, *UNKNOWN, *((*row, Reason.TIMEOUT) for row in TIMED_OUT))
def test_no_error_and_no_log_repeats_what_is_secret(
    account: Settings,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    behaviour: Behaviour,
    reason: Reason,
) -> None:
    for name in ("", "urllib3", "twilio"):
        caplog.set_level(logging.DEBUG, logger=name)
    account.TWILIO_TIMEOUT = 0.2 if reason is Reason.TIMEOUT else 5.0

    with standins.serve(behaviour) as stand_in:
        account.TWILIO_API_URL = stand_in.url
        error = failure()
    wait_for_calls()

    chain = "".join(traceback.format_exception(error)) + repr(vars(error))
    logged = "".join(
        f"{record.getMessage()} {vars(record)}" for record in caplog.records
    )
    printed = "".join(capfd.readouterr())
    assert error.__context__ is None
    assert f"{reason}" in logged
    key = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    for secret in (NUMBER, NUMBER[1:], CODE, SID, TOKEN, key):
        assert secret not in chain
        assert secret not in logged
        assert secret not in printed


def test_a_sent_message_leaves_nothing_secret_in_the_log(
    provider: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "urllib3", "twilio"):
        caplog.set_level(logging.DEBUG, logger=name)

    sms.send(NUMBER, TEXT)

    logged = "".join(
        f"{record.getMessage()} {vars(record)}" for record in caplog.records
    )
    assert "urllib3" in logged
    for secret in (NUMBER, NUMBER[1:], CODE, SID, TOKEN):
        assert secret not in logged


def test_broken_headers_do_not_bring_the_account_into_the_log(
    provider: StandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="urllib3")
    provider.behave = standins.answers(201, {"sid": "SM1"}, headers={"broken name": ""})

    sms.send(NUMBER, TEXT)

    assert SID not in caplog.text
