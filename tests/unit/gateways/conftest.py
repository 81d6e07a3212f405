from collections.abc import Iterator

import pytest
from pytest_django import Settings

from gateways import doveadm
from tests import standins
from tests.standins import StandIn
from tests.unit.gateways.twilio_failures import SID, TOKEN, wait_for_calls


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reach the stand-ins themselves, whatever the developer's shell says."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def account(settings: Settings) -> Settings:
    """An account at Twilio."""
    settings.SMS_GATEWAY = "twilio"
    settings.TWILIO_ACCOUNT_SID = SID
    settings.TWILIO_AUTH_TOKEN = TOKEN
    settings.TWILIO_MESSAGING_SERVICE_SID = "MG1"
    settings.TWILIO_SENDER = ""
    settings.TWILIO_TIMEOUT = 5.0
    return settings


@pytest.fixture
def provider(account: Settings) -> Iterator[StandIn]:
    """A stand-in for Twilio, which accepts."""
    with standins.serve(standins.twilio_accepts) as stand_in:
        account.TWILIO_API_URL = stand_in.url
        yield stand_in
    wait_for_calls()


@pytest.fixture
def node(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """A stand-in for a mail node, where nobody is on line."""
    settings.DOVEADM_API_KEY = "the-key-of-the-node"
    monkeypatch.setattr(doveadm, "_CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(doveadm, "_READ_SECONDS", 0.4)
    with standins.serve(standins.doveadm_answers([])) as stand_in:
        yield stand_in
