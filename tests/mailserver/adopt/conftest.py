"""docs/adopt.md, step by step, on a host as Debian's packages make it, and back.

The commands are the page's own. A test takes the host to its step, so any of them runs
alone; in the order of these files the host goes up once, and down once.
"""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from accounts.models import Account
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.adoption import (
    BOB,
)
from tests.mailserver.existing import ExistingHost


@pytest.fixture(scope="package")
def running_host(database_url: str) -> Iterator[ExistingHost]:
    folder = FOLDER / "existing"
    with ExistingHost(folder, database_url=database_url) as host:
        yield host


@pytest.fixture(scope="package")
def untouched(running_host: ExistingHost) -> str:
    """The configuration before the first step."""
    return running_host.configuration()


@pytest.fixture
def existing(
    running_host: ExistingHost,
    untouched: str,
    transactional_db: None,
    settings: Settings,
) -> ExistingHost:
    port = running_host.ports.doveadm
    settings.DOVEADM_URLS = [f"http://127.0.0.1:{port}/doveadm/v1"]
    settings.DOVEADM_API_KEY = running_host.doveadm_api_key
    return running_host


@pytest.fixture
def web(existing: ExistingHost) -> dict[str, str]:
    """The web passwords of step 1, which knows both domains here from the start.

    The portal must not decide in the second one before its turn.
    """
    domains = ('["x.example"]', '["x.example", "y.example"]')
    printed = existing.python("Do", domains)
    return dict(line.split() for line in printed.splitlines())


@pytest.fixture
def device(web: dict[str, str]) -> dict[str, str]:
    """A security password for each account but Bob's, who uses his web password."""
    secrets = {}
    for account in Account.objects.exclude(address=BOB):
        Account.objects.filter(pk=account.pk).update(client_passwords_on=True)
        secrets[account.address] = factories.make_client_password(account)[1]
    return secrets
