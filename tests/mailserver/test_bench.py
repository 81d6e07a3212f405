"""What the benchmark starts is what it says, and does not outlive it."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import hashes, hosts, targets
from bench.authsocket import Logon, Verdict, ask
from bench.hosts import BARE, LOGGED, PLAIN
from deploy.postgres import PrivatePostgres
from tests.environment import FOLDER
from tests.mailserver.conftest import Log
from tests.patience import PATIENCE
from tests.processes import runs

pytestmark = pytest.mark.mailserver

ROOT = Path(__file__).resolve().parents[2]
# A host with a follower, which says who its processes are, and then does nothing.
PROGRAM = """
import signal, sys
from pathlib import Path
from bench.__main__ import stop_tidily
from bench.hosts import FollowedHost
stop_tidily()
folder, url = sys.argv[1:]
with FollowedHost(Path(folder), database_url=url) as host:
    print(*[process.pid for process in host._processes], flush=True)
    signal.pause()
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGKILL])
def test_no_server_and_no_follower_is_left_however_it_is_ended(
    sign: signal.Signals, transactional_db: None, database_url: str
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(FOLDER / f"bench-{sign}")]
    with subprocess.Popen(
        [*command, database_url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as bench:
        assert bench.stdout
        started = [int(pid) for pid in bench.stdout.readline().split()]
        assert all(map(runs, started))
        bench.send_signal(sign)

    deadline = time.monotonic() + PATIENCE
    while any(map(runs, started)):
        assert time.monotonic() < deadline, "something was left running"
        time.sleep(0.1)
    assert bench.returncode == (143 if sign == signal.SIGTERM else -sign)


def test_plain_dovecot_decides_by_itself_and_all_others_by_the_script() -> None:
    folder = FOLDER / "bench-hosts"
    folder.mkdir()
    passwords = [hashes.new_password()]
    right = Logon(f"u0@{targets.DOMAIN}", passwords[0])
    wrong = Logon(f"u0@{targets.DOMAIN}", "wrong")
    lines = {}
    with contextlib.ExitStack() as running:
        postgres = running.enter_context(PrivatePostgres())
        site = hosts.fill_site(1, passwords, postgres, folder)
        names = [PLAIN, BARE, LOGGED]
        for name, host in hosts.run_hosts(site, folder, names, running):
            log, door = Log(host.dovecot_log), host.socket("auth-client")
            assert ask(door, [right, wrong]) == [Verdict.OK, Verdict.REFUSED]
            lines[name] = log.settled().count("db-lua: portal {")
    assert lines == {PLAIN: 0, BARE: 0, LOGGED: 2}
