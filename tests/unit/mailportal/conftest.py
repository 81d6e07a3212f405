"""What the tests of a portal that changes nothing have in common."""

import pytest
from pytest_django import Settings

from accounts.models import Account
from tests.factories import make_client_password


@pytest.fixture
def read_only(settings: Settings) -> None:
    """The host is being moved."""
    settings.READ_ONLY = True


@pytest.fixture
def phone(alice: Account) -> int:
    """The key of a security password of Alice's, which is in force."""
    Account.objects.update(client_passwords_on=True)
    return make_client_password(alice, "Phone")[0].pk
