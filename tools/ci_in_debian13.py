"""Run everything that CI runs in a bare Debian 13: `make test-debian13`.

    python -m tools.ci_in_debian13 CACHE

needs root. The container has its own systemd, Python, databases, browser and mail
servers (tests/install/container.py). Downloads stay in the folder CACHE, which
`make test-install` shares.
"""

import subprocess
import sys
from pathlib import Path

from tests.install.container import Container
from tests.install.installed import files_of

PROJECT = Path(__file__).resolve().parents[1]
THERE = "/srv/mailportal"


def main() -> int:
    """Return the exit code of .ci/run."""
    (cache,) = sys.argv[1:]
    with Container("trixie", Path(cache).resolve(), "debian13") as container:
        container.copy(PROJECT, files_of(PROJECT), THERE)
        # It downloads packages, but mail stays on loopback.
        command = container.command(f"cd {THERE}; .ci/run", online=True)
        return subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
