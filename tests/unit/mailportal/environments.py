"""The settings as they would be read from another environment, in this process."""

import os
import runpy
from collections.abc import Mapping
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
