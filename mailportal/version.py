"""Which version of the portal this is."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def _read() -> str:
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    return str(project["version"])


# Read once, when the process starts: an update that waits for a restart does not count.
VERSION = _read()
