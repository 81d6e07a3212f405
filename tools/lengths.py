"""Check that no function or view is too long for a reader to keep in mind.

Migrations are exempt. A file may be as long as its subject. A function counts from its
`def` to its last line: with its docstring, without its decorators. A view is a function
in `views.py` or below `views/`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_OF_FUNCTION, MOST_OF_VIEW = 40, 20
NOT_OURS = {"migrations", "var"}


def main() -> int:
    """Print what is too long; return 1 if anything is."""
    found = [
        f"{file.relative_to(ROOT)}{finding}"
        for file in sorted(python_files(ROOT))
        for finding in find_too_long(file, file.read_text())
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def find_too_long(file: Path, text: str) -> Iterator[str]:
    """Yield a line of text for each function of a file that is too long."""
    are_views = file.name == "views.py" or file.parent.name == "views"
    most = MOST_OF_VIEW if are_views else MOST_OF_FUNCTION
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > most:
                yield f":{node.lineno}: {node.name}: {length} lines, {most} at most"


def python_files(folder: Path) -> list[Path]:
    """Return the Python files below a folder, without migrations and hidden folders."""
    found = [*folder.glob("*.py")]
    for each in folder.iterdir():
        if each.is_dir() and each.name not in NOT_OURS and each.name[0] != ".":
            found += python_files(each)
    return found


if __name__ == "__main__":
    sys.exit(main())
