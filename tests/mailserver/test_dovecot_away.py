"""Postfix while Dovecot or its relay stands still: 454 for each logon, and no more."""

import os
import signal
import subprocess
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy import servers
from deploy.mailhost import POSTFIX, MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import WEBMAIL, Smtp, client_address
from tests.mailserver.conftest import Log
from tests.patience import PATIENCE, SOON  # far from Postfix's minute

pytestmark = pytest.mark.mailserver

ALICE = "alice@example.com"
MANY = 4


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    with MailHost(
        FOLDER / "away",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
    ) as host:
        yield host


@pytest.fixture
def secret(host: MailHost) -> str:
    account = factories.make_account(ALICE, client_passwords_on=True)
    return factories.make_client_password(account)[1]


@pytest.fixture
def connect(host: MailHost, secret: str) -> Iterator[Callable[[], Smtp]]:
    """Return what makes a client that is greeted and offered logons."""
    with ExitStack() as made:

        def client() -> Smtp:
            client = Smtp(host.ports.submission, client_address())
            made.callback(client.close)
            client.user, client.password = ALICE, secret
            client.ehlo()
            offered = client.esmtp_features["auth"].split()
            assert {"PLAIN", "LOGIN"} <= {*offered}
            return client

        yield client


def code_of(client: Smtp) -> int:
    """Log on once; not by smtplib's own way, which raises the code."""
    response = b64encode(f"\0{client.user}\0{client.password}".encode())
    return client.docmd("AUTH PLAIN", response.decode())[0]


def smtpd_of(host: MailHost) -> set[str]:
    master = (host.folder / "queue" / "pid" / "master.pid").read_text().strip()
    pids = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    names = {pid: Path(f"/proc/{pid}/comm") for pid in pids}
    return {
        pid
        for pid, name in names.items()
        if name.exists() and name.read_text().strip() == "smtpd"
    }


def end_all_smtpd(host: MailHost) -> None:
    before = smtpd_of(host)
    postfix = str(host.folder / "postfix")
    reload = servers.command(POSTFIX, "-c", postfix, "reload")
    subprocess.run(reload, check=True, capture_output=True)
    deadline = time.monotonic() + PATIENCE
    while before & smtpd_of(host):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def start_dovecot(host: MailHost) -> None:
    host._start_dovecot()
    host._processes.insert(0, host._processes.pop())


def stop_dovecot(host: MailHost) -> None:
    dovecot = host._processes.pop(0)
    dovecot.terminate()
    dovecot.wait(PATIENCE)


@pytest.mark.parametrize("is_new", [False, True])
def test_a_fresh_smtpd_has_clients_try_again_until_dovecot_is_back(
    host: MailHost, connect: Callable[[], Smtp], *, is_new: bool
) -> None:
    """Be the relay new as well, or have it heard Dovecot before."""
    stop_dovecot(host)
    try:
        if is_new:
            host.stop_relay()
            host.start_relay()
        end_all_smtpd(host)
        client = connect()
        assert code_of(client) == 454
        with ThreadPoolExecutor() as calls:
            waiting = calls.submit(code_of, connect())
            time.sleep(1)
            start_dovecot(host)
            assert waiting.result() == 235
    except BaseException:
        start_dovecot(host)
        raise

    start = time.monotonic()
    assert code_of(client) == 235
    assert code_of(connect()) == 235
    assert time.monotonic() - start < SOON
    assert "no SASL authentication mechanisms" not in host.postfix_log.read_text()


def test_a_relay_that_stood_still_lets_nobody_in_who_has_heard_454(
    host: MailHost, connect: Callable[[], Smtp], dovecot_log: Log
) -> None:
    clients = [connect() for _ in range(MANY)]
    with ThreadPoolExecutor(MANY) as calls:
        os.kill(host.relay.pid, signal.SIGSTOP)
        try:
            codes = [calls.submit(code_of, client) for client in clients]
            heard = [code.result() for code in codes]
        finally:
            os.kill(host.relay.pid, signal.SIGCONT)
    assert heard == [454] * MANY
    time.sleep(3)

    assert '"outcome":"ok"' not in dovecot_log.settled()
    assert code_of(connect()) == 235
