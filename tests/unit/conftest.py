"""Fast and repeatable: cheap hashes of web passwords, and a clock that stands still."""

import signal
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation
from hypothesis import settings as hypothesis_settings
from pytest_django import Settings

from accounts.budgets import Exhausted, Limit
from accounts.models import Account
from tests.factories import PASSWORD
from tests.signedin import sign_in_verified, sign_in_with_password

hypothesis_settings.register_profile(
    "unit", max_examples=50, deadline=None, derandomize=True, database=None
)
hypothesis_settings.load_profile("unit")


@pytest.fixture(autouse=True)
def _cheap_web_passwords(settings: Settings) -> None:
    cheap = "tests.unit.support.CheapHasher"
    settings.PASSWORD_HASHERS = [cheap, *settings.PASSWORD_HASHERS[1:]]


@pytest.fixture(autouse=True)
def _no_reader_before() -> Iterator[None]:
    """Forget the language and the time zone of whoever asked for a page last."""
    yield
    translation.deactivate()
    timezone.deactivate()


@pytest.fixture(autouse=True)
def _no_limit_is_reached_while_time_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[None]:
    """Fail a test that reaches a limit without `clock`.

    Its window can end within the test, and then five tries are six.
    """
    reached: list[str] = []
    set_up = Exhausted.__init__

    def note(error: Exhausted, limit: Limit) -> None:
        if not time_machine.escape_hatch.is_travelling():
            reached.append(limit.key)
        set_up(error, limit)

    monkeypatch.setattr(Exhausted, "__init__", note)
    yield
    assert not reached, "a test that reaches a limit takes the fixture `clock`"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """Noon, when an hour begins; moved by `clock.shift()` only."""
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    with time_machine.travel(noon, tick=False) as traveller:
        yield traveller


@pytest.fixture
def browser(alice: Account) -> Client:
    """Alice's browser, signed in."""
    return sign_in_with_password(alice)


@pytest.fixture
def administrator(db: None) -> Client:
    """The browser of somebody who has signed in with both factors."""
    admin = Account.objects.create_superuser("admin@example.com", PASSWORD)
    return sign_in_verified(admin)


@pytest.fixture
def admin(administrator: Client) -> Account:
    """Whose browser `administrator` is."""
    return Account.objects.get(address="admin@example.com")


@pytest.fixture
def client_passwords_on(alice: Account) -> None:
    """Alice has turned security passwords on."""
    Account.objects.update(client_passwords_on=True)
    alice.refresh_from_db()


@pytest.fixture
def one_node(settings: Settings) -> None:
    """One mail server, which does not answer."""
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/doveadm/v1"]


@pytest.fixture
def signal_handlers() -> Iterator[None]:
    """Put the handlers back that a command replaces."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
