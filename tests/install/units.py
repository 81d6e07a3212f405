"""What systemd knows of the portal's units in a container."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from tests.install.installed import Host
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted(path.name for path in (ROOT / "deploy" / "systemd").iterdir())
COMPLAINT = re.compile(r"Error:|Panic:|Fatal:|limit .* reached")
# When Dovecot is restarted, by a process that ends after the one that counts.
ENDING = re.compile(r"net_connect_unix\(\S*stats-writer\) failed: Connection refused$")
# What the kernel does with who calls what its filter denies: it is ended by SIGSYS.
DENIED = re.compile(r"status=31/SYS|SIGSYS|Bad system call")


def shown(host: Host, unit: str) -> dict[str, str]:
    """Return what systemd knows of a unit."""
    lines = host.container.run(f"systemctl show {unit}").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait for what servers do in their own time."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def assert_runs(host: Host, unit: str) -> None:
    """It is active or, if it comes to an end by itself, has come to a good one."""
    state = shown(host, unit)
    journal = f"journalctl --no-pager -n 50 -u {unit}"
    told = state["ActiveState"], state["Result"], state.get("NRestarts", "0")
    ends = state.get("Type") == "oneshot"
    wanted = ("inactive" if ends else "active", "success", "0")
    assert told == wanted, host.container.run(journal)


def assert_dovecot_has_no_complaint(host: Host) -> None:
    """Nothing went wrong in Dovecot that it would tell its operator of."""
    log = host.container.run("cat /var/log/dovecot.log").splitlines()
    said = [line for line in log if COMPLAINT.search(line) and not ENDING.search(line)]
    assert not said, said


def assert_nothing_was_denied(host: Host, since: str = "--boot") -> None:
    """No unit was denied anything or crashed, and all of them run."""
    journal = host.container.run(f"journalctl --no-pager {since}").splitlines()
    assert not [line for line in journal if DENIED.search(line)]
    assert not [line for line in journal if "Traceback (most" in line]
    assert host.denied_by_kernel() == []
    for unit in UNITS:
        assert_runs(host, unit)
