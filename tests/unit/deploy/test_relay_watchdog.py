"""The relay says each second that it goes on, to a systemd that would restart it."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deploy import authrelay
from deploy.authrelay import Relay


@pytest.fixture(params=["path", "abstract"])
def systemd(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    """The socket that systemd listens at."""
    with (
        TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
    ):
        names = {"path": str(Path(folder, "notify")), "abstract": f"@{folder}"}
        line.bind(names[request.param].replace("@", "\0", 1))
        line.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", names[request.param])
        yield line


def heard(line: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(line.recv(100).decode())
        except BlockingIOError:
            return found


def serve(folder: Path) -> None:
    """Serve for some ticks, then be told to end."""

    async def until_told() -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, os.kill, os.getpid(), signal.SIGTERM)
        await Relay(str(folder / "nobody")).serve(listening)

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "relay"))
        asyncio.run(until_told())


def test_it_is_ready_goes_on_and_ends(
    systemd: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authrelay, "TICK", 0.1)

    with TemporaryDirectory() as folder:
        serve(Path(folder))

    said = heard(systemd)
    assert said.count("WATCHDOG=1") >= 2
    assert [each for each in said if each != "WATCHDOG=1"] == ["READY=1", "STOPPING=1"]


@pytest.mark.parametrize("address", [None, "", "/nowhere/notify"])
def test_without_systemd_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, address: str | None
) -> None:
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)

    authrelay.notify_systemd("READY=1")
