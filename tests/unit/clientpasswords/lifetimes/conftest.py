"""A security password that nobody uses, on its way to be suspended."""

import pytest
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account
from clientpasswords.models import ClientPassword
from tests.unit.clientpasswords.idling import make_unused, notify_owner, suspend


@pytest.fixture
def phone(alice: Account, clock: Traveller, settings: Settings) -> ClientPassword:
    """Made just now."""
    settings.DOVEADM_URLS = []
    return make_unused(alice)


@pytest.fixture
def notified(phone: ClientPassword, clock: Traveller) -> ClientPassword:
    """Its owner was told a week before it will be suspended."""
    return notify_owner(phone, clock)


@pytest.fixture
def suspended(notified: ClientPassword, clock: Traveller) -> ClientPassword:
    """It was suspended, as it went on unused."""
    return suspend(notified, clock)
