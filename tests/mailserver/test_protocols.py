"""A protocol that is switched off ends its sessions; its neighbours notice nothing.

All from one address with one password: what a telephone and its household look like.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from accounts.models import Account, Cutoff, Policy
from accounts.sessions import cutoffs
from bench.authsocket import Verdict
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    Imap,
    Pop3,
    client_address,
    imap_session,
    log_on,
    pop3_session,
)
from tests.mailserver.steps import AT_ONCE, seconds_until_closed
from tests.patience import SOON

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"


@pytest.fixture
def home() -> str:
    return client_address()


@pytest.fixture
def secret(host: MailHost) -> str:
    account = factories.make_account(ADDRESS, client_passwords_on=True)
    return factories.make_client_password(account, "Phone")[1]


@pytest.fixture
def sessions(host: MailHost, secret: str, home: str) -> Iterator[tuple[Imap, Pop3]]:
    with ExitStack() as stack:
        imap = stack.enter_context(imap_session(host, ADDRESS, secret, home))
        pop3 = stack.enter_context(pop3_session(host, ADDRESS, secret, home))
        yield imap, pop3


def switch_off(**protocols: bool) -> None:
    Policy.objects.update(**protocols)
    cutoffs.review_account(Account.objects.get())


def test_without_pop3_the_imap_session_next_to_it_goes_on(
    sessions: tuple[Imap, Pop3],
) -> None:
    imap, pop3 = sessions

    switch_off(pop3=False)

    assert seconds_until_closed(pop3.sock) < SOON
    assert imap.noop()[0] == "OK"
    assert Cutoff.objects.get().kicks == 1


def test_without_imap_the_pop3_session_next_to_it_goes_on(
    sessions: tuple[Imap, Pop3],
) -> None:
    imap, pop3 = sessions
    imap.select()
    imap.send(b"x IDLE\r\n")
    assert imap.readline() == b"+ idling\r\n"

    switch_off(imap=False)

    assert seconds_until_closed(imap.sock) < AT_ONCE
    assert pop3.noop() == b"+OK"


def test_without_both_both_are_closed(sessions: tuple[Imap, Pop3]) -> None:
    imap, pop3 = sessions

    switch_off(imap=False, pop3=False)

    assert seconds_until_closed(imap.sock) < AT_ONCE
    assert seconds_until_closed(pop3.sock) < SOON


@pytest.fixture
def host_without_lists(host: MailHost) -> Iterator[Path]:
    """A host where the list of one protocol's sessions cannot be had."""
    program = host.folder / "dovecot" / "sessions-of"
    text = program.read_text()
    broken = text.replace("/usr/bin/doveadm", "/usr/bin/false")
    program.write_text(broken.replace("/anvil", "/none"))
    yield program
    program.write_text(text)


def test_where_protocols_cannot_be_told_apart_the_neighbour_has_to_log_on_again(
    host: MailHost,
    host_without_lists: Path,
    sessions: tuple[Imap, Pop3],
    secret: str,
    home: str,
) -> None:
    imap, pop3 = sessions

    switch_off(pop3=False)

    assert seconds_until_closed(pop3.sock) < SOON
    assert seconds_until_closed(imap.sock) < AT_ONCE
    assert log_on("imap", host, ADDRESS, secret, home) is Verdict.OK
    assert Cutoff.objects.get().kicks == 1
