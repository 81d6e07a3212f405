"""The style sheets: no two places say how one thing looks."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import ROOT

SHEETS = sorted((ROOT / "static" / "css").glob("*.css"))
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
PIECE = re.compile(r"([^{};]*)([{};])")


def read_rules(css: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield each property with what it stands in: blocks of `@`, and one selector."""
    around: list[str] = []
    for text, mark in PIECE.findall(COMMENT.sub("", css)):
        said = " ".join(text.split())
        if mark == "{":
            around.append(said)
            continue
        if ":" in said and around:
            selectors = around[-1]
            outer = [each for each in around[:-1] if not each.startswith("@layer")]
            for selector in selectors.split(","):
                yield (*outer, selector.strip()), said.partition(":")[0]
        if mark == "}":
            around.pop()


def find_rules_said_twice(css: str) -> list[str]:
    """Return classes that two rules of their own give the same property."""
    properties: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for where, name in read_rules(css):
        properties[where].append(name)
    return [
        " ".join(where)
        for where, names in properties.items()
        if re.fullmatch(r"\.[\w-]+", where[-1]) and len(names) > len(set(names))
    ]


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_no_class_is_told_twice_how_it_looks(sheet: Path) -> None:
    assert find_rules_said_twice(sheet.read_text()) == []


def test_a_class_of_two_parts_is_found() -> None:
    grid = ".list { display: grid; gap: 1rem } "

    assert find_rules_said_twice(grid + ".list { display: flex }") == [".list"]
    assert find_rules_said_twice(grid + ".list { color: red }") == []
    assert (
        find_rules_said_twice(grid + "@media print { .list { display: flex } }") == []
    )
