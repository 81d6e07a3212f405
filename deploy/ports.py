"""Ports on loopback for private servers."""

import contextlib
import socket
from pathlib import Path

from deploy.values import Ports


def choose_free_ports(ports: Ports) -> Ports:
    """Return the ports with a free port in place of each 0."""
    with contextlib.ExitStack() as held:
        return Ports(
            **{name: port or _free_port(held) for name, port in vars(ports).items()}
        )


def _free_port(held: contextlib.ExitStack) -> int:
    """Return a free port that stays taken until `held` is closed."""
    probe = held.enter_context(socket.socket())
    probe.bind(("127.0.0.1", 0))
    port: int = probe.getsockname()[1]
    return port


def is_free(port: int) -> bool:
    """Whether nobody listens at this port on loopback."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def is_listening(listener: int | Path) -> bool:
    """Whether somebody listens at this port of loopback, or at this Unix socket."""
    local = isinstance(listener, Path)
    with socket.socket(socket.AF_UNIX if local else socket.AF_INET) as line:
        return line.connect_ex(str(listener) if local else ("127.0.0.1", listener)) == 0
