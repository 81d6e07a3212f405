"""docs/security.md names a test for every threat and requirement, and each exists."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.databases import ROOT

PAGE = ROOT / "docs" / "security.md"
THREATS = range(1, 57)
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| ([^|]+) \| .* \| ([^|]*) \|$", re.MULTILINE)


def rows(section: str) -> dict[str, list[tuple[str, str]]]:
    """Return the tests of each row, by what its first cell says."""
    part = PAGE.read_text().partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return {
        cells[1]: TEST.findall(cells[2])
        for cells in ROW.finditer(part)
        if "---" not in cells[1] and "proved by" not in cells[2]
    }


@cache
def names_in(file: Path) -> set[str]:
    tree = ast.parse(file.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_threat_and_requirement_has_a_test() -> None:
    threats, requirements = rows("Threats"), rows("OWASP ASVS 5.0")

    assert [int(each) for each in threats] == list(THREATS)
    assert len(requirements) > 40
    for name, found in [*threats.items(), *requirements.items()]:
        assert found, name


def test_every_test_that_is_named_exists() -> None:
    named = TEST.findall(PAGE.read_text())

    missing = [
        f"{place}::{name}"
        for place, name in named
        if not (ROOT / "tests" / place).exists()
        or name not in names_in(ROOT / "tests" / place)
    ]
    assert missing == []
    assert len(named) > 150
