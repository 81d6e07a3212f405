import re
from pathlib import Path

from gateways import sms
from mailportal.configuration import SETTINGS

ROOT = Path(__file__).resolve().parents[3]


def test_the_example_explains_exactly_the_variables_that_are_read() -> None:
    example = (ROOT / ".env.example").read_text()

    explained = re.findall(r"^([A-Z0-9_]+)=", example, re.MULTILINE)

    assert sorted(SETTINGS) == sorted(explained)


def test_every_variable_of_the_list_is_read() -> None:
    settings = (ROOT / "mailportal" / "settings.py").read_text()

    read = re.findall(r'\bread\(\s*"([A-Z0-9_]+)"', settings)
    of_gateways = [each.name for each in sms.GATEWAY_SETTINGS]

    assert sorted(SETTINGS) == sorted(read + of_gateways)
