"""How often something may be done is one table, which the manual shows and all obey."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from accounts import budgets, retention
from accounts.budgets import RateLimit

pytestmark = pytest.mark.one_database

ROOT = Path(settings.BASE_DIR)
MANUAL = (ROOT / "docs" / "operations.md").read_text()
TABLE = ROOT / "accounts" / "budgets.py"
APPS = ("accounts", "administration", "api", "clientpasswords", "gateways")
LIMITS = {
    name: value for name, value in vars(budgets).items() if isinstance(value, RateLimit)
}
SPANS = {
    timedelta(minutes=1): "minute",
    timedelta(minutes=5): "5 minutes",
    timedelta(minutes=15): "15 minutes",
    timedelta(hours=1): "hour",
    timedelta(days=1): "day",
}


def code() -> Iterator[tuple[str, str]]:
    """Each module that could count something, but for the table's own."""
    for folder in (*APPS, "provisioning", "mailportal"):
        for path in (ROOT / folder).rglob("*.py"):
            if path != TABLE and "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), path.read_text()


def test_nobody_counts_against_a_limit_that_has_no_row() -> None:
    made = re.compile(r"\b(Limit|RateLimit)\(")
    counted = re.compile(r"\bBudget\.objects\b")

    assert [name for name, text in code() if made.search(text)] == []
    # For a time that was, of which the log tells: with the key of a row.
    assert [name for name, text in code() if counted.search(text)] == [
        "clientpasswords/usage/alarms.py"
    ]


@pytest.mark.parametrize("name", LIMITS)
def test_somebody_counts_against_each_row(name: str) -> None:
    uses = re.compile(rf"\bbudgets\.{name}\b|\b{name}\.get_key\(")

    assert any(uses.search(text) for _module, text in code())


def test_rows_count_apart() -> None:
    assert len({limit.key for limit in LIMITS.values()}) == len(LIMITS)
    assert not [limit for limit in LIMITS.values() if ":" in limit.key]


@pytest.mark.parametrize("name", LIMITS)
def test_each_row_has_a_setting_that_the_operator_finds(name: str) -> None:
    setting = LIMITS[name].setting

    assert isinstance(getattr(settings, setting), int)
    assert f"\n{setting}=" in (ROOT / ".env.example").read_text()


def test_each_setting_of_so_many_in_a_time_has_a_row() -> None:
    a_time = re.compile(
        r"^(\w+_(HOUR|DAY|MINUTES?)|SIGN_IN_FAILURES_\w+)=", re.MULTILINE
    )
    names = {found[0] for found in a_time.findall((ROOT / ".env.example").read_text())}

    assert names == {limit.setting for limit in LIMITS.values()}


def test_the_manual_shows_the_same_table() -> None:
    section = MANUAL.split("## What may be done how often\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([^|]*) \| ([^|]*) \| ([^|]*) \|", section, re.MULTILINE)

    assert rows[2:] == [
        (limit.limited, f"`{limit.setting}`", SPANS[limit.span])
        for limit in LIMITS.values()
    ]


def test_what_was_counted_is_kept_while_a_limit_looks_at_it() -> None:
    kept = retention.BUDGETS.days

    assert isinstance(kept, int)
    assert max(limit.span for limit in LIMITS.values()) < timedelta(days=kept)
