"""Lists as CSV, sent while they are read: the server keeps no file and no list."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

MAX_ROWS = 100_000
# By these a spreadsheet knows a formula, which may send what is in the other cells.
FORMULA_STARTS = tuple("=+-@\t\r\n")
# By this Excel knows that the file is in UTF-8.
UTF8_MARK = "\ufeff"


def stream_csv(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Return an answer that sends a file of this name, line by line."""
    lines = _lines(header, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def neutralize_formula(cell: object) -> str:
    """Return the cell as text that no spreadsheet takes for a formula."""
    text = "" if cell is None else str(cell)
    return (
        f"'{text}" if text.startswith(FORMULA_STARTS) or _hides_formula(text) else text
    )


def _hides_formula(text: str) -> bool:
    """Whether there is a formula behind blanks."""
    return text.lstrip().startswith(FORMULA_STARTS)


class _LineWriter:
    """What csv writes to: it hands each line back."""

    @staticmethod
    def write(line: str) -> str:
        return line


def _lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_LineWriter())
    yield UTF8_MARK
    yield writer.writerow([neutralize_formula(cell) for cell in header])
    for row in rows:
        yield writer.writerow([neutralize_formula(cell) for cell in row])
