"""Tell systemd that a worker runs: the protocol of sd_notify(3), without its library.

A worker whose unit has `WatchdogSec=` is killed and started again if it says nothing
for so long. So it has to say something between any two things that may hang.
"""

import contextlib
import faulthandler
import os
import socket

SEND_TIMEOUT = 1.0  # seconds

# Only the process that systemd has started may speak; a gunicorn worker must not.
_is_on = False


def start() -> None:
    """Tell systemd that this process is ready, and have `ping` speak to it.

    A process that systemd kills because it hangs writes where it did: files and lines,
    without values.
    """
    global _is_on  # noqa: PLW0603 - there is one systemd
    _is_on = True
    faulthandler.enable()
    _notify("READY=1")


def ping() -> None:
    """Tell systemd that this process goes on, if it is a worker that `start` began."""
    if _is_on:
        _notify("WATCHDOG=1")


def stop() -> None:
    """Tell systemd that this process ends, and be silent from now on."""
    global _is_on  # noqa: PLW0603 - as above
    _notify("STOPPING=1")
    _is_on = False


def _notify(state: str) -> None:
    """Send a state to systemd. Without systemd, or if it takes none, do nothing."""
    address = os.environ.get("NOTIFY_SOCKET", "")  # noqa: TID251 - of systemd
    if address.startswith("@"):  # of Linux's abstract names
        address = "\0" + address[1:]
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line,
    ):
        line.settimeout(SEND_TIMEOUT)
        line.sendto(state.encode(), address)
