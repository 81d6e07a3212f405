"""The commands of docs/operations.md, taken from the file itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
STEP = re.compile(r"^\*\*(\d+)\. (.*?)\*\*$", re.MULTILINE)
FENCED = re.compile(r"^```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """A numbered step, and what stands fenced below it, block by block."""

    number: int
    title: str
    blocks: list[str]


def section(heading: str) -> str:
    """Return the text below a heading. Raises KeyError without such a heading."""
    sections: dict[str, str] = dict(SECTION.findall(PAGE.read_text()))
    return sections[heading]


def blocks(text: str) -> list[str]:
    """Return what is fenced in a text, each of which ends at its first failure.

    A shell does not stop at `first && second`, so the manual has a line for each.
    """
    found = FENCED.findall(text)
    for each in found:
        assert "&&" not in each, f"a failure would be passed over: {each}"
    return found


def values_and_steps() -> tuple[str, list[Step]]:
    """Return the block before the first step of *Install*, and the steps in order."""
    before, *rest = STEP.split(section("Install"))
    (values,) = blocks(before)
    steps = [
        Step(int(number), title, blocks(text))
        for number, title, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True)
    ]
    assert [step.number for step in steps] == [*range(1, len(steps) + 1)]
    return values, steps


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """Return the text with what the reader puts in place of what stands there.

    Everything replaced has to stand there exactly once.
    """
    for there, here in values.items():
        assert text.count(there) == 1, f"no longer in the manual: {there}"
        text = text.replace(there, here)
    return text
