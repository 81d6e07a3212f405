"""Whoever logs on after a while in which nobody did is answered."""

import time
from collections.abc import Iterator

import pytest

from bench.authsocket import Logon, Verdict, ask
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import client_address
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.versions import DOVECOT

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
AT_ONCE = 50
# In place of Dovecot's minute, after which it ends what is idle.
MINUTE = 2


@pytest.fixture
def quiet(host: MailHost, database_url: str) -> Iterator[MailHost]:
    with SiteHost(
        FOLDER / "quiet",
        database_url=database_url,
        failure_delay=0,
        dovecot=DOVECOT.idle.format(f"{MINUTE} secs"),
    ) as running:
        yield running


def test_many_at_once_after_a_quiet_minute_are_let_in(quiet: MailHost) -> None:
    """Dovecot 2.4 left all but the first few unanswered, and whoever came later."""
    account = factories.make_account(ALICE, client_passwords_on=True)
    secret = factories.make_client_password(account)[1]
    logons = [Logon(ALICE, secret, source=client_address()) for _ in range(AT_ONCE)]
    door = quiet.socket("auth-client")

    for _ in range(2):
        assert set(ask(door, logons)) == {Verdict.OK}
        time.sleep(2 * MINUTE)

    assert set(ask(door, logons)) == {Verdict.OK}
