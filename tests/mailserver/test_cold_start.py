"""Nobody who logs on right after Dovecot has started is told to try again later."""

import contextlib
import subprocess
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from bench.authsocket import Logon, Verdict, ask
from deploy import servers
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import WEBMAIL, client_address
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import children_of
from tests.mailserver.versions import DOVECOT
from tests.patience import SOON

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ALICE = "alice@example.com"
AT_ONCE = 200
QUIET = 8.0  # seconds in which processes end that are not needed for one


@pytest.fixture
def secret(host: MailHost) -> str:
    return factories.make_client_password(
        factories.make_account(ALICE, client_passwords_on=True)
    )[1]


@pytest.fixture
def cold(host: MailHost, database_url: str) -> Iterator[MailHost]:
    """A host that has just started."""
    with MailHost(
        FOLDER / "cold",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
    ) as fresh:
        yield fresh


def reload(host: MailHost) -> None:
    """Have Dovecot read its configuration again, and wait until it has warmed up.

    What asked before is over then: an auth process of before, whose workers are ended,
    would still take a logon or two and have no answer.
    """
    former = {pid for pid, title in children_of(host).items() if "auth" in title}
    command = servers.command("doveadm", "-c", str(host.dovecot_conf), "reload")
    subprocess.run(command, check=True)
    deadline, is_warm = time.monotonic() + SOON, not DOVECOT.warms_up
    was_seen = False
    while time.monotonic() < deadline:
        running = children_of(host)
        is_warming = any("warm-up" in each for each in running.values())
        is_warm = is_warm or (was_seen and not is_warming)
        if is_warm and former.isdisjoint(running):
            break
        was_seen = was_seen or is_warming
        time.sleep(0.005)


def verdicts(host: MailHost, secret: str) -> Counter[Verdict]:
    """What many hear who log on at once; half of them are let in."""
    names = [ALICE, "nobody@example.com"] * (AT_ONCE // 2)
    logons = [Logon(name, secret, source=client_address()) for name in names]
    # A process that a reload has told to end hangs up, and the socket is made anew.
    for _ in range(6000):
        with contextlib.suppress(ConnectionError, FileNotFoundError):
            return Counter(ask(host.socket("auth-client"), logons))
        time.sleep(0.05)
    raise AssertionError


ALL_DECIDED = {Verdict.OK: AT_ONCE // 2, Verdict.REFUSED: AT_ONCE // 2}


def test_after_a_start_all_logons_are_decided(cold: MailHost, secret: str) -> None:
    assert verdicts(cold, secret) == ALL_DECIDED


def test_after_a_reload_all_logons_are_decided(cold: MailHost, secret: str) -> None:
    for _ in range(3):
        reload(cold)

        assert verdicts(cold, secret) == ALL_DECIDED


def test_after_a_quiet_time_all_logons_are_decided(
    host: MailHost, database_url: str, secret: str
) -> None:
    """Dovecot ends processes that nobody needs; the first who come wake them all."""
    with SiteHost(
        FOLDER / "idle",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=DOVECOT.ends_idle,
    ) as idle:
        time.sleep(QUIET)

        assert verdicts(idle, secret) == ALL_DECIDED
