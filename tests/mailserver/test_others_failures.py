"""Whatever others do wrong, and wherever: a right password does not pay for it.

Dovecot's own brake, the penalty of an address that failed, is off: it made everybody at
that address wait, longer than Postfix does. `guesses.lua` is the brake, and knows whose
failures are whose.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from bench.authsocket import Verdict
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.factories import PASSWORD
from tests.mailserver.clients import client_address, log_on
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.versions import DOVECOT

pytestmark = pytest.mark.mailserver

PROTOCOLS = ("imap", "pop3", "smtp")
ALICE, BOB, CAROL = "alice@example.com", "bob@example.com", "carol@example.com"
AT_ONCE = 6
# The penalty was 15 seconds after four failures. What a logon takes here is a tenth.
NO_PENALTY = 7.0  # seconds
FAILURE_DELAY = 3  # seconds
# More than all workers together take for one account: each counts for itself. Which of
# them hears how many of these is Dovecot's affair.
AN_ACCOUNT = 60

Logons = list[tuple[str, str]]


def wrong(address: str, count: int) -> Logons:
    return [(address, f"a guess {number}") for number in range(count)]


OTHERS: dict[str, Callable[[], Logons]] = {
    "guessed at one mailbox": lambda: wrong(CAROL, 9),
    "guessed at many mailboxes": lambda: [
        guess for address in (ALICE, BOB, CAROL) for guess in wrong(address, 6)
    ],
    "asked for mailboxes that are not there": lambda: [
        (f"nobody{number}@example.com", "a guess") for number in range(18)
    ],
    "guessed until nobody hears them": lambda: wrong(CAROL, AN_ACCOUNT),
    "used web passwords that are refused": lambda: (
        [(ALICE, PASSWORD)] * 9 + [(BOB, PASSWORD)] * 9
    ),
}


@pytest.fixture(scope="module")
def patient(database_url: str) -> Iterator[MailHost]:
    """A mail host that keeps refusals back, as operators' hosts do."""
    with MailHost(
        FOLDER / "patient", database_url=database_url, failure_delay=FAILURE_DELAY
    ) as host:
        yield host


@pytest.fixture(scope="module")
def one_worker(database_url: str) -> Iterator[MailHost]:
    """A mail host whose only worker hears every guess."""
    with SiteHost(
        FOLDER / "one-worker",
        database_url=database_url,
        failure_delay=0,
        dovecot=DOVECOT.one_worker,
    ) as host:
        yield host


@pytest.fixture
def secret(host: MailHost) -> str:
    """A security password of Alice. Bob needs one as well, Carol does not."""
    alice = factories.make_account(ALICE, client_passwords_on=True)
    factories.make_account(BOB, client_passwords_on=True)
    factories.make_account(CAROL)
    return factories.make_client_password(alice)[1]


def fail(
    host: MailHost, logons: Logons, source: str, by: Sequence[str] = PROTOCOLS
) -> None:
    """Have all of these refused at one address, by these protocols in turns."""

    def try_one(number: int) -> Verdict:
        protocol = by[number % len(by)]
        return log_on(protocol, host, *logons[number], source)

    with ThreadPoolExecutor(AT_ONCE) as calls:
        assert set(calls.map(try_one, range(len(logons)))) == {Verdict.REFUSED}


def timed(
    protocol: str, host: MailHost, address: str, password: str, source: str
) -> Verdict:
    """Return what a logon is told, which must not take as long as a penalty."""
    start = time.monotonic()
    verdict = log_on(protocol, host, address, password, source)
    assert time.monotonic() - start < NO_PENALTY
    return verdict


@pytest.mark.parametrize("others", OTHERS)
def test_a_right_password_is_let_in_whatever_others_did(
    others: str, host: MailHost, dovecot_log: Log, secret: str
) -> None:
    office, home = client_address(), client_address()

    fail(host, OTHERS[others](), office)

    unheard = '"reason":"too-many-guesses"' in dovecot_log.settled()
    assert unheard == (others == "guessed until nobody hears them")
    for protocol in PROTOCOLS:
        assert timed(protocol, host, ALICE, secret, office) is Verdict.OK
        assert timed(protocol, host, CAROL, PASSWORD, home) is Verdict.OK


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_guesses_at_a_web_password_are_limited_by_each_protocol(
    protocol: str, one_worker: MailHost, secret: str
) -> None:
    log, here = Log(one_worker.dovecot_log), client_address()
    fail(one_worker, wrong(CAROL, AN_ACCOUNT), here, [protocol])

    assert log_on(protocol, one_worker, CAROL, PASSWORD, here) is Verdict.REFUSED
    last = log.settled().rpartition(": portal ")[2]
    assert f'"protocol":"{protocol}"' in last
    assert '"reason":"too-many-guesses"' in last


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_wrong_password_is_answered_late(
    protocol: str, patient: MailHost, secret: str
) -> None:
    start = time.monotonic()

    assert log_on(protocol, patient, CAROL, "a guess") is Verdict.REFUSED

    assert time.monotonic() - start > FAILURE_DELAY - 1  # it counts whole seconds


def test_dovecot_does_without_its_penalty_and_without_a_word(
    host: MailHost, dovecot_log: Log, secret: str
) -> None:
    assert not host.socket("anvil-auth-penalty").exists()

    fail(host, wrong(CAROL, len(PROTOCOLS)), client_address())

    assert "enalty" not in dovecot_log.settled()
    assert ": Error: " not in dovecot_log.settled()
