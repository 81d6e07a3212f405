"""The private mail host as a program: for ordinary users, and how it ends."""

import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from accounts.models import Account
from deploy import servers
from deploy.databases import sqlite_file
from deploy.mailhost import MailHost, MailHostError
from deploy.values import Certificate
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import Imap
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "alice@example.com"


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def secret(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


PROGRAM = """
import sys, time
from pathlib import Path
from deploy.mailhost import MailHost
with MailHost(Path(sys.argv[1]), database_url=sys.argv[2], failure_delay=0) as host:
    print(host.ports.imap, flush=True)
    time.sleep(100)
"""


@contextmanager
def program(
    command: list[str], where: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A program that runs a mail host, and its port for IMAP."""
    with subprocess.Popen(
        command, cwd=where, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def processes_of(folder: Path) -> list[str]:
    table = subprocess.run(
        ["ps", "axo", "args"], capture_output=True, text=True, check=True
    )
    return [line for line in table.stdout.splitlines() if f"{folder}/" in line]


def wait_until_ended(folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := processes_of(folder):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_servers_end_with_the_program_that_started_them(
    how: signal.Signals, database_url: str, host: MailHost
) -> None:
    folder = FOLDER / "ending"
    command = [sys.executable, "-c", PROGRAM, str(folder), database_url]

    with program(command, ROOT) as (process, _):
        assert len(processes_of(folder)) >= 2
        process.send_signal(how)
        process.wait(PATIENCE)

    wait_until_ended(folder)


def test_an_ordinary_user_gets_a_dovecot(
    database_url: str, host: MailHost, secret: str
) -> None:
    """Without Postfix, and with everything under the user's own name."""
    folder = FOLDER / "ordinary"
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    if file := sqlite_file(database_url):
        (folder / "db").mkdir()
        copy = folder / "db" / "copy.sqlite3"
        with (
            closing(sqlite3.connect(file)) as theirs,
            closing(sqlite3.connect(copy)) as own,
        ):
            theirs.backup(own)
        database_url = f"sqlite:///{copy}"
    for each in (folder, *folder.rglob("*")):
        shutil.chown(each, "nobody", "nogroup")
    user = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
    python = ("/usr/bin/python3", "-c", PROGRAM, str(folder / "mail"), database_url)

    with program(servers.command(*user, *python), folder) as (process, port):
        client = Imap(port)
        try:
            assert client.login(ADDRESS, secret)[0] == "OK"
            assert client.select()[0] == "OK"
        finally:
            client.shutdown()
        process.send_signal(signal.SIGINT)
        process.wait(PATIENCE)

    wait_until_ended(folder)


def test_the_databases_folder_is_for_the_database_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/portal.sqlite3"

    with pytest.raises(MailHostError, match="for the database alone"):
        MailHost(tmp_path / "mail", database_url=url).start()


def test_a_folder_that_the_servers_cannot_enter_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    url = f"sqlite:///{tmp_path}/db/portal.sqlite3"

    with pytest.raises(MailHostError, match="cannot pass through"):
        MailHost(tmp_path / "mail", database_url=url).start()


def test_a_host_that_does_not_come_up_leaves_nothing_behind(
    database_url: str, host: MailHost
) -> None:
    folder = FOLDER / "failing"
    nothing = Certificate(folder / "chain.pem", folder / "key.pem")
    failing = MailHost(folder, database_url=database_url, certificate=nothing)

    with pytest.raises(MailHostError, match="Dovecot ended with exit code"):
        failing.start()

    assert processes_of(folder) == []
    with pytest.raises(MailHostError, match="not running"):
        failing.socket("auth-client")


def test_a_port_that_is_taken_is_named(database_url: str, host: MailHost) -> None:
    second = MailHost(FOLDER / "second", database_url=database_url, ports=host.ports)

    with pytest.raises(MailHostError, match=f"port {host.ports.imap} is taken"):
        second.start()
