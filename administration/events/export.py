"""Lists as CSV, sent while they are read: the server keeps no file and no list."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

MOST_ROWS = 100_000
# By these a spreadsheet knows a formula, which may send what is in the other cells.
FORMULA = tuple("=+-@\t\r\n")
# By this Excel knows that the file is in UTF-8.
MARK = "\ufeff"


def answer(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Return an answer that sends a file of this name, line by line."""
    lines = _lines(header, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def neutral(cell: object) -> str:
    """Return the cell as text that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) or _hides(text) else text


def _hides(text: str) -> bool:
    """Whether there is a formula behind blanks."""
    return text.lstrip().startswith(FORMULA)


class _Line:
    """What csv writes to: it hands each line back."""

    @staticmethod
    def write(line: str) -> str:
        return line


def _lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield MARK
    yield writer.writerow([neutral(cell) for cell in header])
    for row in rows:
        yield writer.writerow([neutral(cell) for cell in row])
