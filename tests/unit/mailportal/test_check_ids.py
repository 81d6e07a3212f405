"""The numbers of the checks, by which an operator finds what to do."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_each_check_has_a_number_of_its_own() -> None:
    source = "".join(
        file.read_text() for file in (ROOT / "mailportal" / "checks").rglob("*.py")
    )

    given = Counter(re.findall(r'id="mailportal\.([EWI]\d{3})"', source))

    assert len(given) > 10
    assert [number for number, times in given.items() if times > 1] == []
