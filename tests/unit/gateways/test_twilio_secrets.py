import base64
import logging
import traceback

import pytest
from pytest_django import Settings

from gateways import sms
from gateways.sms import Reason
from tests import standins
from tests.standins import Behaviour, StandIn
from tests.unit.gateways.twilio_failures import (
    CODE,
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
