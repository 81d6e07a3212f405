"""Which Dovecot is installed."""

from pathlib import Path

import pytest

from gateways.dovecot import installed_version


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("2.3.19.1 (9b53102964)", "2.3"),
        ("2.4.1-4 (7d8c0e5759)", "2.4"),
        ("2.10.0", "2.10"),
        ("of no number", ""),
        ("", ""),
    ],
)
def test_it_says_so_itself(tmp_path: Path, told: str, version: str) -> None:
    program = tmp_path / "dovecot"
    program.write_text(f"#!/bin/sh\necho '{told}'\n")
    program.chmod(0o755)

    assert installed_version(program) == version


def test_where_there_is_none_there_is_no_version(tmp_path: Path) -> None:
    assert installed_version(tmp_path / "dovecot") == ""
