"""Stream lists as CSV, without a file or a list in memory."""

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

MAX_ROWS = 100_000
# The beginnings of formulas in spreadsheets; a formula can send other cells away.
FORMULA_STARTS = tuple("=+-@\t\r\n")
# The mark by which Excel recognises UTF-8.
UTF8_MARK = "\ufeff"


def stream_csv(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Return a response that streams a CSV file of this name."""
    lines = _lines(header, rows)
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response["Cache-Control"] = "no-store"
    return response


def neutralize_formula(cell: object) -> str:
    """Return the cell as text that no spreadsheet reads as a formula."""
    text = "" if cell is None else str(cell)
    return (
        f"'{text}" if text.startswith(FORMULA_STARTS) or _hides_formula(text) else text
    )


def _hides_formula(text: str) -> bool:
    """Whether there is a formula after blanks."""
    return text.lstrip().startswith(FORMULA_STARTS)


class _LineWriter:
    """A file for csv that returns each line."""

    @staticmethod
    def write(line: str) -> str:
        return line


def _lines(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_LineWriter())
    yield UTF8_MARK
    yield writer.writerow([neutralize_formula(cell) for cell in header])
    for row in rows:
        yield writer.writerow([neutralize_formula(cell) for cell in row])
