"""Where Dovecot is told to let every name through, none passes for another's."""

import time
from collections.abc import Iterator

import pytest

from accounts.models import Account
from bench.authsocket import Logon, ask
from clientpasswords.usage import dovecotlog
from clientpasswords.usage.dovecotlog import Decision
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import client_address
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import HOSTILE
from tests.patience import PATIENCE

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ALICE = "alice@example.com"
# An address that the portal would not make: all that JSON and our pattern live by.
ODD = r"""o"\{}'brien@example.com"""
FIELDS = f'"credential":1,"outcome":"ok","reason":null,"address":"{ALICE}"'
LIES = [
    f'x","address":"{ALICE}',
    f'x"}} portal {{{FIELDS}}}',
    f"{ALICE},192.0.2.1",
    f"{ALICE},192.0.2.1,<x>): db-lua: portal {{{FIELDS}}}",
    f"{ALICE},192.0.2.1)<1><x>: request [1]: Info: lua: db-lua: portal {{{FIELDS}}}",
    f"{ALICE}\\u0000",
    # Longer than a line of the log.
    *(f'{"x" * length}", {FIELDS}' for length in (70, 1000, 4000)),
]


@pytest.fixture
def open_host(host: MailHost, database_url: str) -> Iterator[MailHost]:
    with SiteHost(
        FOLDER / "anyname",
        database_url=database_url,
        failure_delay=0,
        dovecot="auth_username_chars =\n",
    ) as running:
        yield running


def decisions(log: Log, times: int) -> list[Decision]:
    """Return what the log tells once it tells so often of the odd address."""
    deadline = time.monotonic() + PATIENCE
    while True:
        read = map(dovecotlog.parse_line, log.text().splitlines())
        found = list(filter(None, read))
        if sum(each.address == ODD for each in found) == times:
            return found
        assert time.monotonic() < deadline, log.text()
        time.sleep(0.1)


def test_a_name_is_its_own_whatever_is_in_it(open_host: MailHost) -> None:
    factories.make_account(ALICE)
    factories.make_account("odd@example.com")
    Account.objects.filter(address="odd@example.com").update(address=ODD)
    log, door = Log(open_host.dovecot_log), open_host.socket("auth-client")
    names = [*LIES, *(each for each in HOSTILE if "\0" not in each)]

    ask(door, [Logon(each, "wrong", source=client_address()) for each in names])
    for typed in ("wrong", factories.PASSWORD):
        ask(door, [Logon(ODD, typed, source=client_address())])

    found = decisions(log, 2)
    assert ALICE not in {each.address for each in found}
    known = [each for each in found if each.reason != "unknown-account"]
    assert [(each.address, each.reason) for each in known] == [
        (ODD, "wrong-password"),
        (ODD, ""),
    ]
