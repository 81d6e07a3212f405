"""What is kept how long is one table, which the manual shows and tidying obeys."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from accounts import retention
from accounts.retention import Retention
from mailportal.management.commands.tidy import TIDYING

MANUAL = Path(settings.BASE_DIR, "docs", "operations.md").read_text()
KEPT = {
    name: value
    for name, value in vars(retention).items()
    if isinstance(value, Retention)
}


def test_all_that_is_kept_for_a_while_is_tidied() -> None:
    assert set(TIDYING) == set(KEPT.values())
    assert len({kept.records for kept in KEPT.values()}) == len(KEPT)


def test_the_manual_shows_the_same_table() -> None:
    section = MANUAL.split("## What is kept, and how long\n")[1].split("\n## ")[0]
    rows = re.findall(
        r"^\| ([^|]*) \| ([^|]*) \|(?: ([^|]*) | )\|", section, re.MULTILINE
    )[2:]

    assert rows == [
        (kept.records, _cell(kept.days), _cell(kept.newest)) for kept in TIDYING
    ]


@pytest.mark.parametrize("name", KEPT)
def test_each_limit_is_a_number_or_a_setting(name: str) -> None:
    for limit in (KEPT[name].days, KEPT[name].newest):
        if isinstance(limit, str):
            assert isinstance(getattr(settings, limit), int)
            assert f"\n{limit}=" in Path(settings.BASE_DIR, ".env.example").read_text()


def _cell(limit: int | str | None) -> str:
    return f"`{limit}`" if isinstance(limit, str) else str(limit or "")
