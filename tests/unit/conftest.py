"""Fast and repeatable: cheap hashes of web passwords, and a clock that stands still."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from accounts.models import Account
from tests.factories import PASSWORD

hypothesis_settings.register_profile(
    "unit", max_examples=50, deadline=None, derandomize=True, database=None
)
hypothesis_settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _cheap_web_passwords(settings: Settings) -> None:
    cheap = "tests.unit.support.CheapHasher"
    settings.PASSWORD_HASHERS = [cheap, *settings.PASSWORD_HASHERS[1:]]


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, when an hour begins; moved by `clock.shift()` only."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser(alice: Account) -> Client:
    """Alice's browser, signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def administrator(db: None) -> Client:
    """The browser of somebody who has signed in with both factors."""
    account = Account.objects.create_superuser("admin@example.com", PASSWORD)
    device = TOTPDevice.objects.create(user=account, name="default")
    client = Client()
    client.force_login(account)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    return client
