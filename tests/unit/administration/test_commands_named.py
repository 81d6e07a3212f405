"""The documentation and the pages name the same commands."""

from pathlib import Path

from administration import formeraddresses

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"
OLD, NEW = "plain@example.com", "renamed@example.com"


def test_the_documentation_has_the_commands_of_the_pages() -> None:
    lines = PAGE.read_text().splitlines()
    together = formeraddresses.bringing_together(OLD, NEW)

    start = lines.index(together[0])
    assert lines[start : start + len(together)] == together
    assert formeraddresses.moving(OLD, NEW) in lines
    assert formeraddresses.removing(OLD) in lines
