"""A mail server's log, and who follows it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from accounts.models import Account
from clientpasswords.models import ClientPassword
from clientpasswords.usage.follower import Follower
from tests.factories import make_client_password
from tests.unit.clientpasswords.following import Follow


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Followers of the node mx1, which let go of their logs in the end."""
    with ExitStack() as stack:

        def make(log: Path) -> Follower:
            return stack.enter_context(closing(Follower(log, "mx1")))

        yield make


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "dovecot.log"


@pytest.fixture
def phone(client_passwords_on: None, alice: Account) -> ClientPassword:
    """A security password of Alice's, which is in force."""
    return make_client_password(alice)[0]
