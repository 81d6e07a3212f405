"""A slow start is waited for; one that ended or hangs is told from it."""

import re
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from deploy import waiting
from deploy.supervisor import ROOT, StartError, start, wait_until_healthy
from deploy.waiting import (
    NotReady,
    Patience,
    Process,
    processor_seconds,
    run_to_completion,
    wait_until_ended,
    wait_until_listening,
    wait_until_ready,
    waits_for_hardware,
)
from tests.processes import runs

# Nothing is said, and whoever stands still is found out soon.
SILENT = Patience(first_message=60, max_idle=2)
WORK = "import time\nwhile time.process_time() < {seconds}: pass\n"
SLEEP = "import time\ntime.sleep(300)\n"
# A portal that is at work before it answers.
PORTAL = """
from http.server import BaseHTTPRequestHandler, HTTPServer
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
HTTPServer(("127.0.0.1", {port}), Health).serve_forever()
"""


@pytest.fixture
def started() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def child(started: ExitStack, program: str) -> Process:
    return start([sys.executable, "-c", program], {}, started)


def never() -> bool:
    return False


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    return number


# --- who gets on ---------------------------------------------------------------------


def test_a_portal_at_work_is_waited_for(started: ExitStack, port: int) -> None:
    """For longer than it might stand still."""
    slow = WORK.format(seconds=3) + PORTAL.format(port=port)
    portal = child(started, slow)

    wait_until_healthy(port, {"portal": portal}, SILENT)

    assert processor_seconds(portal.pid) > 2.9


def test_work_of_its_children_is_work(started: ExitStack) -> None:
    """A shell that guards a server does nothing itself."""
    work = WORK.format(seconds=3)
    shell = ["sh", "-c", '"$@" & wait', "guard", sys.executable, "-c", work]
    guard = start(shell, {"PATH": "/usr/bin:/bin"}, started)

    assert wait_until_ended("the guard", guard, patience=SILENT) == 0


def test_work_of_children_that_have_ended_is_counted(started: ExitStack) -> None:
    work = WORK.format(seconds=0.5)
    shell = ["sh", "-c", '"$@"; sleep 300', "guard", sys.executable, "-c", work]
    guard = start(shell, {"PATH": "/usr/bin:/bin"}, started)
    now = Path(f"/proc/{guard.pid}/task/{guard.pid}/children")

    def sleeps() -> bool:
        return any(runs(int(pid), "sleep") for pid in now.read_text().split())

    wait_until_ready("the guard", sleeps, guard)

    assert processor_seconds(guard.pid) > 0.4


def test_who_waits_for_its_turn_does_not_stand_still(started: ExitStack) -> None:
    """On a busy machine one may get no time at all for minutes."""
    ready = child(started, WORK.format(seconds=300))
    asleep = child(started, SLEEP)

    wait_until_ready("the one", lambda: waits_for_hardware(ready.pid), ready)
    wait_until_ready("the other", lambda: not waits_for_hardware(asleep.pid), asleep)


def test_a_command_is_run_to_its_end(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        command = [sys.executable, "-c", "print('done'); raise SystemExit(3)"]
        assert run_to_completion("the command", command, log) == 3

    assert (tmp_path / "log").read_text() == "done\n"


def test_a_server_listens_at_all_its_doors(
    started: ExitStack, port: int, tmp_path: Path
) -> None:
    door = tmp_path / "door"
    program = f"""
import socket, time
first = socket.create_server(("127.0.0.1", {port}))
time.sleep(0.5)
second = socket.socket(socket.AF_UNIX)
second.bind("{door}")
second.listen()
{SLEEP}
"""
    server = child(started, program)

    wait_until_listening("the server", server, [port, door])

    with closing(socket.socket(socket.AF_UNIX)) as line:
        line.connect(str(door))


# --- who does not --------------------------------------------------------------------


def test_who_has_ended_is_not_waited_for(started: ExitStack) -> None:
    ended = child(started, "raise SystemExit(5)")
    begin = time.monotonic()

    with pytest.raises(NotReady, match=r"^The server ended with exit code 5$"):
        wait_until_ready("the server", never, ended)

    # By far; `PATIENCE` would be a minute.
    assert time.monotonic() - begin < waiting.PATIENCE.max_idle


def test_who_was_killed_is_not_waited_for(started: ExitStack) -> None:
    killed = child(started, SLEEP)
    killed.send_signal(signal.SIGKILL)

    with pytest.raises(NotReady, match=r"^The server was ended by signal 9$"):
        wait_until_ready("the server", never, killed)


def test_another_process_that_ends_is_said(started: ExitStack, port: int) -> None:
    processes = {
        "portal": child(started, WORK.format(seconds=300)),
        "worker": child(started, "raise SystemExit(1)"),
    }

    with pytest.raises(StartError, match=r"^The worker ended with exit code 1\.$"):
        wait_until_healthy(port, processes)


@pytest.mark.parametrize("how", ["asleep", "stopped"])
def test_who_stands_still_is_given_up(how: str, started: ExitStack, port: int) -> None:
    program = SLEEP if how == "asleep" else WORK.format(seconds=300)
    hanging = child(started, program)
    if how == "stopped":
        time.sleep(0.5)
        hanging.send_signal(signal.SIGSTOP)
        started.callback(hanging.send_signal, signal.SIGCONT)

    with pytest.raises(StartError) as error:
        wait_until_healthy(port, {"portal": hanging}, SILENT)

    assert str(error.value) == (
        f"The portal on port {port} does not answer and has done next to nothing "
        "for 2 seconds."
    )


def test_who_turns_in_a_circle_is_given_up_at_last(started: ExitStack) -> None:
    circling = child(started, WORK.format(seconds=300))
    patience = Patience(max_idle=2, max_total=3)

    with pytest.raises(NotReady, match=r"does not answer after 0 minutes$"):
        wait_until_ready("the server", never, circling, patience=patience)


def test_a_command_that_is_given_up_is_ended(started: ExitStack) -> None:
    hanging = child(started, SLEEP)

    with pytest.raises(NotReady, match=r"^The check does not end and has done"):
        wait_until_ended("the check", hanging, patience=SILENT)

    assert hanging.poll() == -signal.SIGKILL


# --- what is said --------------------------------------------------------------------


def test_the_terminal_says_what_is_waited_for(
    started: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    hanging = child(started, SLEEP)
    patience = Patience(first_message=0.5, between_messages=1, max_idle=3)

    with pytest.raises(NotReady):
        wait_until_ready("Dovecot", never, hanging, patience=patience)

    said = capsys.readouterr().err.splitlines()
    word = r"Still waiting for Dovecot to answer, after \d+ seconds …"
    assert all(re.fullmatch(word, line) for line in said)
    assert len(said) >= 2


def test_who_is_quick_is_not_talked_about(
    started: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    wait_until_ready("Dovecot", lambda: True, child(started, SLEEP))

    assert capsys.readouterr().err == ""


# --- who waits -----------------------------------------------------------------------


STARTERS = [
    pytest.param(path, id=path.stem)
    for path in sorted((ROOT / "deploy").glob("*.py"))
    if re.search(r"\bsubprocess\b|\bstart\(", path.read_text())
    and path.name != "waiting.py"
]


def test_those_who_start_something_are_found() -> None:
    names = {str(parameter.id) for parameter in STARTERS}

    assert names >= {"demo", "mailhost", "postgres", "relay", "supervisor"}


@pytest.mark.parametrize("module", STARTERS)
def test_nobody_else_gives_a_start_up_by_the_clock(module: Path) -> None:
    """A deadline of one's own takes a busy machine for a broken one."""
    text = module.read_text()

    assert not re.search(r"\b(monotonic|perf_counter|time\.time)\b", text)
