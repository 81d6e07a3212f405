"""What Dovecot refuses before it asks the script is read from its log, by mailbox."""

import poplib
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from accounts.models import Account
from bench.authsocket import Verdict
from clientpasswords.models import Logon
from clientpasswords.refusals import CONTROL_CHARACTERS, ILLEGAL_NAME
from clientpasswords.usage.follower import Follower
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import Pop3, client_address, log_on
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.versions import DOVECOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ALICE, BOB = "alice@example.com", "bob@example.com"
TAB, RIGHT_OF_IT = "pass\tword", "password"
# As docs/adopt.md has it: an adopted host keeps its own list.
LIST = (
    "auth_username_chars = abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "0123456789.-_+=@~\n"
)
Follow = Callable[[MailHost], Follower]
Told = list[tuple[str, str, str, str | None]]  # address, protocol, reason, from


@pytest.fixture
def alice(host: MailHost) -> Account:
    factories.make_account(BOB)
    return factories.make_account(ALICE)


@pytest.fixture
def adopted(host: MailHost, database_url: str) -> Iterator[MailHost]:
    with SiteHost(
        FOLDER / "charslist",
        database_url=database_url,
        failure_delay=0,
        dovecot=LIST,
    ) as running:
        yield running


PROTOCOLS = ["imap", "pop3", "smtp"]


def try_by(protocol: str, host: MailHost, name: str, password: str, ip: str) -> None:
    """Try to log on; imaplib does not quote names."""
    typed = f'"{name}"' if protocol == "imap" else name
    assert log_on(protocol, host, typed, password, ip) is Verdict.REFUSED


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Make followers that have read what is in a log until now, and drop it."""
    with ExitStack() as stack:

        def make(host: MailHost) -> Follower:
            Log(host.dovecot_log).settled()
            follower = Follower(host.dovecot_log, "mx")
            stack.enter_context(closing(follower))
            while follower.poll():
                pass
            follower.flush()
            Logon.objects.all().delete()
            return follower

        yield make


def told(host: MailHost, follower: Follower, count: int) -> Told:
    """What is in the history once so many refusals are."""
    deadline = time.monotonic() + PATIENCE
    while True:
        Log(host.dovecot_log).settled()
        while follower.poll():
            pass
        follower.flush()
        rows = Account.objects.filter(logons__isnull=False).values_list(
            "address",
            "logons__protocol",
            "logons__reason",
            "logons__network_address",
        )
        if len(rows) >= count or time.monotonic() > deadline:
            return sorted(rows, key=str)


def test_a_password_with_a_tab_is_in_the_history(
    host: MailHost, alice: Account, follow: Follow
) -> None:
    follower = follow(host)
    source = {protocol: client_address() for protocol in PROTOCOLS}

    for protocol in PROTOCOLS:
        try_by(protocol, host, ALICE, TAB, source[protocol])

    # Of what comes by Postfix, Dovecot 2.3 does not say whose it was.
    known = PROTOCOLS if DOVECOT.names_all_refused else ["imap", "pop3"]
    assert told(host, follower, len(known)) == [
        (ALICE, protocol, CONTROL_CHARACTERS.key, source[protocol])
        for protocol in known
    ]


def hang_up_hard(client: Pop3) -> None:
    """End the connection by a reset, as a program does that is stopped."""
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.file.close()
    client.sock.close()


def test_a_program_that_hangs_up_hard_is_in_the_history(
    host: MailHost, alice: Account, follow: Follow
) -> None:
    follower = follow(host)
    source = client_address()
    client = Pop3(host.ports.pop3, source)
    client.user(ALICE)

    with pytest.raises(poplib.error_proto):
        client.pass_(TAB)
    hang_up_hard(client)

    assert told(host, follower, 1) == [(ALICE, "pop3", CONTROL_CHARACTERS.key, source)]


def test_a_name_with_a_tab_is_in_the_history(
    host: MailHost, alice: Account, follow: Follow
) -> None:
    follower = follow(host)
    source = {protocol: client_address() for protocol in PROTOCOLS}

    for protocol in PROTOCOLS:
        try_by(protocol, host, f"{ALICE}\t", RIGHT_OF_IT, source[protocol])
        try_by(protocol, host, "nobody@example.com\t", RIGHT_OF_IT, client_address())

    assert told(host, follower, len(PROTOCOLS)) == [
        (ALICE, protocol, ILLEGAL_NAME.key, source[protocol]) for protocol in PROTOCOLS
    ]


def test_a_name_that_is_not_on_the_list_is_in_the_history(
    adopted: MailHost, alice: Account, follow: Follow
) -> None:
    follower = follow(adopted)
    source = {protocol: client_address() for protocol in PROTOCOLS}

    for protocol in PROTOCOLS:
        try_by(protocol, adopted, f"{ALICE} ", RIGHT_OF_IT, source[protocol])
        try_by(protocol, adopted, "nobody@example.com ", RIGHT_OF_IT, client_address())

    assert told(adopted, follower, len(PROTOCOLS)) == [
        (ALICE, protocol, ILLEGAL_NAME.key, source[protocol]) for protocol in PROTOCOLS
    ]


ELSEWHERE = "198.51.100.1"
ENDED = "(auth failed, 1 attempts in 1 secs)"
DISALLOWED = "Username character disallowed by auth_username_chars: 0x20"
FORGED = [
    f"{BOB}>, method=PLAIN, rip={ELSEWHERE}, lip=127.0.0.1, session=<x",
    f"{BOB}>, method=PLAIN, rip={ELSEWHERE}, lip=127.0.0.1, session=<x>, device=",
    f"x {ENDED}: user=<{BOB}",
    f"{BOB},{ELSEWHERE}",
    f"{BOB},{ELSEWHERE},sasl:plain)<x>: Info: Attempted login with",
    f"?,{ELSEWHERE},<x>): {DISALLOWED} (username: {BOB}",
    f"{BOB}) (username: {BOB}",
]


@pytest.mark.parametrize("kind", ["host", "adopted"])
def test_nobody_can_forge_a_refusal_of_another(
    kind: str, alice: Account, follow: Follow, request: pytest.FixtureRequest
) -> None:
    host: MailHost = request.getfixturevalue(kind)
    follower = follow(host)
    source = client_address()

    for name in FORGED:
        for protocol in ("imap", "smtp"):
            try_by(protocol, host, name, TAB, client_address())
    try_by("imap", host, ALICE, TAB, source)

    assert told(host, follower, 1) == [(ALICE, "imap", CONTROL_CHARACTERS.key, source)]
