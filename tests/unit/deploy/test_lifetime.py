"""What we start ends with us, whenever that is."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.processes import runs

ROOT = Path(__file__).resolve().parents[3]
# Starts a program, says who that is, and stays. What stands before the program is how
# long its start takes.
STARTS = """
import signal, subprocess, sys
from deploy.lifetime import tie_to_parent
print(subprocess.Popen([*sys.argv[1:], *tie_to_parent(["cat"])]).pid, flush=True)
signal.pause()
"""
SLOWLY = ["sh", "-c", 'sleep 0.5; exec "$@"', "sh"]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("slowly", [False, True])
def test_a_program_ends_with_a_killed_parent(*, slowly: bool) -> None:
    """Also where the parent was killed before its program had been prepared."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTS, *(SLOWLY if slowly else [])],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout
        started = int(parent.stdout.readline())
        if not slowly:
            wait_until(lambda: runs(started, "cat"))
        # Ours is the other end of what the program reads, so it stays by itself.
        os.kill(parent.pid, signal.SIGKILL)
        wait_until(lambda: not runs(started))
