"""Postfix's way to Dovecot (authrelay.py) as a child process, for private hosts."""

import shutil
import socket
import subprocess
from pathlib import Path

from deploy import servers
from deploy.lifetime import tie_to_parent

# As deploy/systemd/mailportal-relay.service and .socket have it.
USER, CLIENT = "dovenull", "postfix"


def listen_for_postfix(door: Path) -> socket.socket:
    """Make the socket where Postfix asks, anew; only root can do it.

    As that of systemd it outlives the relay: who asks meanwhile waits for the next one.
    """
    door.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(door))
    shutil.chown(door, CLIENT)
    door.chmod(0o600)
    listening.listen()
    return listening


def start_relay(
    script: Path, dovecot: Path, listening: socket.socket, log: Path
) -> subprocess.Popen[bytes]:
    """Start authrelay.py for the Postfix that asks at a socket; it ends when we do.

    `dovecot` is the socket of Dovecot's which it asks. What it prints is added to
    `log`. Only root can do it.
    """
    user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    command = ["/usr/bin/python3", "-IS", str(script), str(dovecot)]
    with log.open("ab") as printed:
        return subprocess.Popen(
            servers.command(*tie_to_parent(command, *user)),
            stdin=listening.fileno(),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
