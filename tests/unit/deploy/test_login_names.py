"""Whatever takes a login name apart knows all its forms.

An address is that of the web password; a security password adds ~70, and ~70.1 once its
networks have changed.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = "alice@x.example"
# A pattern of what is behind the address, up to its end, as Postfix, sed -E, fail2ban
# and Lua write it.
PATTERN = re.compile(r"\(?~(?:\[0-9\]|\\d|%d)[^$\s]*\$")


def patterns() -> Iterator[tuple[str, str]]:
    for folder in ("docs", "deploy"):
        for file in sorted((ROOT / folder).rglob("*")):
            if not file.is_file() or "__pycache__" in file.parts:
                continue
            for found in PATTERN.findall(file.read_text(errors="replace")):
                yield str(file.relative_to(ROOT)), found


FOUND = [*patterns()]


@pytest.mark.parametrize("end", ["", "~70", "~70.1", "~7.12"])
@pytest.mark.parametrize(("file", "pattern"), FOUND)
def test_a_pattern_of_login_names_knows_all_of_them(
    file: str, pattern: str, end: str
) -> None:
    what_is_behind = re.compile(pattern.replace("%d", r"\d"))

    assert what_is_behind.sub("", ADDRESS + end) == ADDRESS


def test_the_patterns_are_found() -> None:
    assert {file for file, _ in FOUND} == {
        "deploy/dovecot/portal.lua",
        "docs/adopt.md",
        "docs/mailbox-features.md",
    }
