"""The portal with another environment than that of the tests."""

import os
import runpy
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
KEY = "a key of the operator, as long as a real one has to be, and longer"


def read_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Run settings.py anew.

    Raises:
        WrongSettings: as it does.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [*os.environ]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        values = runpy.run_path(str(ROOT / "mailportal" / "settings.py"))
    return {name: value for name, value in values.items() if name.isupper()}


def sourced(file: str) -> dict[str, str]:
    """What a shell sets that reads a file of the project."""
    done = subprocess.run(
        ["sh", "-c", f"set -a; . ./{file}; exec env -0"],
        env={"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.partition("=") for line in done.stdout.split("\0") if line)
    return {name: value for name, _, value in pairs if name != "PWD"}


def production() -> dict[str, str]:
    """The host in production that `make check` takes for one."""
    return dict(_production())


@cache
def _production() -> Mapping[str, str]:
    return sourced("tools/production.env")


def manage(
    *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run manage.py with these variables and no others."""
    return _python("manage.py", *arguments, environment=environment)


def run(code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run Python with these variables and no others."""
    return _python("-c", code, environment=environment)


def _python(
    *arguments: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
