"""Run authrelay.py, between Postfix and Dovecot, for private hosts."""

import shutil
import socket
import subprocess
from pathlib import Path

from deploy import servers
from deploy.lifetime import tie_to_parent

# As deploy/systemd/mailportal-relay.service and .socket have it.
USER, CLIENT = "dovenull", "postfix"


def listen_for_postfix(door: Path) -> socket.socket:
    """Create the socket that Postfix asks; only root can do so.

    Like systemd's socket it outlives the relay: questions wait for the next relay.
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
    """Start authrelay.py on the socket that Postfix asks; only root can do so.

    It ends when this process ends. `dovecot` is the socket of Dovecot that it asks. Its
    output is appended to `log`.
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
