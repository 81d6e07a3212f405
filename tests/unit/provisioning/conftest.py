"""A domain, and a file with mailboxes of it."""

from pathlib import Path

import pytest

from accounts.models import Domain
from tests.factories import make_domain, make_policy


@pytest.fixture
def firm(db: None) -> Domain:
    """The domain firm.example, with the policy "Standard"."""
    return make_domain("firm.example", make_policy("Standard"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The place of a file of comma-separated values."""
    return tmp_path / "mailboxes.csv"
