"""What systemd is told of a worker, and when it is told nothing."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from django.core.management import call_command, get_commands
from django.db import OperationalError

from accounts import watchdog, workers
from accounts.models import Heartbeat
from accounts.notify import queue
from accounts.sessions import cutoffs
from administration.bulk import jobs
from clientpasswords.usage.follower import Follower
from tests.patience import PATIENCE

pytestmark = pytest.mark.usefixtures("signal_handlers")


class Systemd:
    """The socket that systemd listens at, and what came in; it holds few at once."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._came: SimpleQueue[str] = SimpleQueue()
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._line.bind(address)
        self._reader = Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while (text := self._line.recv(100).decode()) != "over":
            self._came.put(text)

    def _say(self, text: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.sendto(text.encode(), self._address)

    def heard(self) -> list[str]:
        """Return what came since it was asked last."""
        self._say("asked")
        found = []
        while (text := self._came.get(timeout=PATIENCE)) != "asked":
            found.append(text)
        return found

    def close(self) -> None:
        self._say("over")
        self._reader.join()
        self._line.close()


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Systemd]:
    with TemporaryDirectory() as folder:  # a path of pytest's may be too long
        path = str(Path(folder) / "notify")
        address = path if request.param == "path" else f"@mailportal-{os.getpid()}"
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        listening = Systemd(address.replace("@", "\0", 1))
        yield listening
        listening.close()
    watchdog._is_on = False


def stop_after(count: int) -> Callable[[], None]:
    """Return a step that has the worker end in its round of this number."""
    rounds = iter(range(1, count))

    def step() -> None:
        if next(rounds, None) is None:
            os.kill(os.getpid(), signal.SIGTERM)

    return step


@pytest.mark.django_db(transaction=True)
def test_a_worker_says_that_it_is_ready_that_it_goes_on_and_that_it_ends(
    systemd: Systemd,
) -> None:
    steps = [stop_after(3)]
    workers.run_forever("work_jobs", lambda: steps, pause=0)

    first, *rest, last = systemd.heard()
    assert (first, last) == ("READY=1", "STOPPING=1")
    assert rest == ["WATCHDOG=1"] * 6  # after the step, and after the round


@pytest.mark.django_db(transaction=True)
def test_a_step_that_hangs_says_nothing(systemd: Systemd) -> None:
    meanwhile = []

    def hang() -> None:
        systemd.heard()
        meanwhile.extend(systemd.heard())

    workers.run_forever("work_jobs", lambda: [hang, stop_after(1)], pause=0)

    assert meanwhile == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("error", [ZeroDivisionError(), OperationalError()])
def test_what_fails_does_not_hang(systemd: Systemd, error: Exception) -> None:
    def fail() -> None:
        raise error

    steps = [fail, stop_after(2)]
    workers.run_forever("work_jobs", lambda: steps, pause=0)

    assert systemd.heard().count("WATCHDOG=1") == 6


# What each worker does in every round, by its command.
LOOPS = {
    "deliver_cutoffs": (cutoffs, "deliver_due"),
    "send_notifications": (queue, "deliver_due"),
    "work_jobs": (jobs, "work_due_jobs"),
    "follow_logons": (Follower, "poll"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", LOOPS)
def test_every_worker_speaks_and_leaves_a_heartbeat(
    systemd: Systemd, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    where, name = LOOPS[command]
    end = stop_after(3)

    def instead(*_args: object) -> int:
        end()
        return 0

    monkeypatch.setattr(where, name, instead)
    module = f"{get_commands()[command]}.management.commands.{command}"
    monkeypatch.setattr(f"{module}.PAUSE", 0)
    arguments = [str(tmp_path / "log")] if command == "follow_logons" else []
    call_command(command, *arguments)

    heard = systemd.heard()
    assert (heard[0], heard[-1]) == ("READY=1", "STOPPING=1")
    assert heard.count("WATCHDOG=1") >= 3
    row = Heartbeat.objects.get()
    assert (row.worker, row.node) == (command, socket.gethostname())
    assert row.state == "running"


def test_without_systemd_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)

    watchdog.start()
    watchdog.ping()
    watchdog.stop()


def test_a_systemd_that_is_gone_harms_nobody(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))

    watchdog.start()
    watchdog.ping()
    watchdog.stop()


def test_whoever_is_no_worker_says_nothing(systemd: Systemd) -> None:
    """Gunicorn's processes work parts of jobs off, too, and have the same socket."""
    watchdog.ping()

    assert systemd.heard() == []
