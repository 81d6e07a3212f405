"""The Dovecot that is installed on this machine."""

import re
import subprocess
from pathlib import Path

PROGRAM = Path("/usr/sbin/dovecot")
TIMEOUT = 5.0  # seconds


def installed_version(program: Path = PROGRAM) -> str:
    """Return the first two numbers of its version, such as "2.4".

    Return "" if it is not installed, or does not answer within `TIMEOUT`.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, nothing from outside
            [program, "--version"],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.match(r"\d+\.\d+", done.stdout)
    return found[0] if found else ""
