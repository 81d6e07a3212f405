"""On a phone the rows of tables are cards: each cell names its column."""

from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import zip_longest

import pytest

from tests.unit.administration.opened import open_pages
from tests.unit.administration.worlds import World

TABLE = (
    '<table class="cards"><thead><tr><th>state</th></tr></thead>'
    "<tbody><tr>{}</tr></tbody></table>"
)


class Reader(HTMLParser):
    """Collects the columns of tables, and the names that cells give them."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[tuple[list[str], list[list[tuple[str, str]]]]] = []
        self._is_card = self._in_head = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._is_card = (
                "cards" in given.get("class", "").split()
                or given.get("id") == "result_list"
            )
            if self._is_card:
                self.tables.append(([], []))
        if not self._is_card:
            return
        columns, rows = self.tables[-1]
        if tag == "thead":
            self._in_head = True
        elif self._in_head and tag in {"th", "td"}:
            columns.append("")
        elif tag == "tr" and not self._in_head:
            rows.append([])
        elif tag in {"th", "td"}:
            is_box = "action-checkbox" in given.get("class", "")
            rows[-1].append(("box" if is_box else tag, given.get("data-label", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "thead":
            self._in_head = False
        elif tag == "table":
            self._is_card = False

    def handle_data(self, data: str) -> None:
        """Add to the name of a column; a number is its place in the order."""
        text = data.strip()
        if self._in_head and self.tables[-1][0] and not text.isdigit():
            self.tables[-1][0][-1] += text


def names_column(cell: tuple[str, str], column: str) -> bool:
    """Whether the cell needs no name, or has its column's."""
    tag, name = cell
    is_button = (column, name) == ("Delete", "")  # which names itself
    return tag != "td" or is_button or name.lower() == column.lower()


def find_faults(page: str) -> Iterator[str]:
    """Yield what a card would not show, or show under another name than the table."""
    reader = Reader()
    reader.feed(page)
    for columns, rows in reader.tables:
        for row in rows:
            for column, cell in zip_longest(columns, row):
                if column is None or cell is None:
                    yield f"{columns}: {row}"
                elif not names_column(cell, column):
                    yield f"{column}: {cell[1]}"
    for part in page.split('class="wide-table"')[1:]:
        table = part[: part.index(">", part.index("<table"))]
        # A plot's is of numbers, for which a phone has room.
        if "cards" not in table and 'role="group"' not in table:
            yield table


@pytest.mark.parametrize("role", ["superuser", "auditor"])
def test_each_cell_of_a_card_has_the_name_of_its_column(own: World, role: str) -> None:
    faults, tables = {}, 0

    for page, text in open_pages(own, role):
        if found := list(find_faults(text)):
            faults[page] = found
        reader = Reader()
        reader.feed(text)
        tables += sum(bool(rows) for _columns, rows in reader.tables)

    assert faults == {}
    assert tables > 15


@pytest.mark.parametrize(
    "page",
    [
        TABLE.format("<td>works</td>"),
        TABLE.format('<td data-label="limits">works</td>'),
        TABLE.format('<td data-label="state">works</td><td></td>'),
        '<div class="wide-table" tabindex="0"><table><tr></tr></table></div>',
    ],
)
def test_a_cell_without_it_is_found(page: str) -> None:
    assert list(find_faults(page))
