"""Postfix's way to Dovecot (authrelay.py) as a child process, for private hosts."""

import shutil
import socket
import subprocess
from pathlib import Path

from deploy.lifetime import ending_with_us

# As deploy/systemd/mailportal-relay.service and .socket have it.
USER, CLIENT = "dovenull", "postfix"


def start_relay(
    script: Path, dovecot: Path, door: Path, log: Path
) -> subprocess.Popen[bytes]:
    """Start authrelay.py for the Postfix that asks at `door`; it ends when we do.

    `door` is a socket, made anew; `dovecot` is that of Dovecot's which it asks. What it
    prints is added to `log`. Only root can do it.
    """
    door.unlink(missing_ok=True)
    user = [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
    command = ["/usr/bin/python3", "-IS", str(script), str(dovecot)]
    with socket.socket(socket.AF_UNIX) as listening, log.open("ab") as printed:
        listening.bind(str(door))
        shutil.chown(door, CLIENT)
        door.chmod(0o600)
        listening.listen()
        return subprocess.Popen(
            ending_with_us(command, *user),
            stdin=listening.fileno(),
            stdout=printed,
            stderr=printed,
            start_new_session=True,
        )
