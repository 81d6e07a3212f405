"""The numbers of the checks, by which an operator finds what to do."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def numbers() -> list[str]:
    files = (ROOT / "mailportal" / "checks").rglob("*.py")
    source = "".join(file.read_text() for file in files)
    return re.findall(r'id="mailportal\.([EWI]\d{3})"', source)


def test_each_check_has_a_number_of_its_own() -> None:
    given = Counter(numbers())

    assert len(given) > 10
    assert [number for number, times in given.items() if times > 1] == []


def test_the_manual_says_of_each_what_to_do() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()

    rows = re.findall(r"^\| `mailportal\.([EWI]\d{3})` \|", manual, re.MULTILINE)

    assert rows == sorted(numbers())
