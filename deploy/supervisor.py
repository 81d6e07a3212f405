"""Start processes together, watch them, and stop them together."""

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from pathlib import Path

from deploy.lifetime import tie_to_parent
from deploy.waiting import (
    PATIENCE,
    NotReady,
    Patience,
    Process,
    describe_end,
    wait_until_ready,
)

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
STOP_PATIENCE = 10  # seconds until a process that was asked to end is killed


class StartError(Exception):
    """The demonstration cannot start or go on; the text says why and what to do."""


def require_free(ports: Mapping[str, int]) -> None:
    """Check, before anything is started, that nobody listens at these ports.

    Raises:
        StartError: a port is taken.
    """
    for name, number in ports.items():
        try:
            socket.create_server((HOST, number)).close()
        except OSError as error:
            raise StartError(
                f"Port {number}: {os.strerror(error.errno or 0).lower()}; "
                f"choose another one, such as: make run {name}={number + 1}"
            ) from error


def start(
    command: list[str], environment: Mapping[str, str], started: ExitStack
) -> Process:
    """Start a process in a session of its own, so that Ctrl-C reaches only us.

    `started` stops it; it also ends when this process ends.
    """
    process = subprocess.Popen(
        tie_to_parent(command),
        cwd=ROOT,
        env=environment,
        start_new_session=True,
    )
    started.callback(stop, process)
    return process


def stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(STOP_PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until_healthy(
    number: int, processes: Mapping[str, Process], patience: Patience = PATIENCE
) -> None:
    """Return when the portal and its database are ready, however long that takes.

    Raises:
        StartError: a process ended, or the portal is stalled.
    """

    def ready() -> bool:
        require_running(processes)
        return is_healthy(number)

    try:
        who = f"the portal on port {number}"
        wait_until_ready(who, ready, processes["portal"], patience=patience)
    except NotReady as reason:
        raise StartError(f"{reason}.") from None


def is_healthy(number: int) -> bool:
    with closing(http.client.HTTPConnection(HOST, number, timeout=30)) as connection:
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False


def watch(processes: Mapping[str, Process]) -> None:
    """Watch the processes until one of them ends, which none should.

    Raises:
        StartError: a process ended.
    """
    while True:
        require_running(processes)
        time.sleep(0.5)


def require_running(processes: Mapping[str, Process]) -> None:
    for name, process in processes.items():
        if process.poll() is not None:
            raise StartError(f"The {name} {describe_end(process)}.")
