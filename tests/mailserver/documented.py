"""The settings of docs/mailbox-features.md, for a host of the tests."""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.mailserver.versions import DOVECOT

PAGE = Path(__file__).resolve().parents[2] / "docs" / "mailbox-features.md"
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def blocks(heading: str, language: str) -> str:
    """Return the code blocks of this language below a heading.

    For "conf", they are those for the installed Dovecot, where its versions differ.
    """
    text = dict(SECTION.findall(PAGE.read_text()))[heading]
    if language == "conf" and f"```{DOVECOT.language}\n" in text:
        language = DOVECOT.language
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"nothing below {heading}"
    return "".join(found)


def replace_names(text: str, names: Mapping[str, object]) -> str:
    """Return the text with this host's paths and ports in place of the system's."""
    for there, here in names.items():
        assert there in text, there
        text = text.replace(there, str(here))
    return text
