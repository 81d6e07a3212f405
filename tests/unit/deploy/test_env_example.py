import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_explains_exactly_the_variables_that_are_read() -> None:
    settings = (ROOT / "mailportal" / "settings.py").read_text()
    example = (ROOT / ".env.example").read_text()

    read = re.findall(r'env\.\w+\(\s*"([A-Z0-9_]+)"', settings)
    explained = re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE)

    assert sorted(read) == sorted(explained)
