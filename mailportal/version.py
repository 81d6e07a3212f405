"""The version of the portal, from pyproject.toml."""

import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def _read() -> str:
    project = tomllib.loads(_PROJECT.read_text("utf-8"))["project"]
    return str(project["version"])


# Read when the process starts, so that it is the version of the running code.
VERSION = _read()
