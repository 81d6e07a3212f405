"""Check that no function or view is longer than a reader keeps in mind.

Migrations apart. A file may be as long as its subject. A function is counted from its
`def` to its last line: with its docstring, without its decorators. A view is what is in
`views.py` or below `views/`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST_OF_FUNCTION, MOST_OF_VIEW = 40, 20
NOT_OURS = {"migrations", "var"}


def main() -> int:
    """Name what is too long; 1 if there is anything."""
    found = [
        f"{file.relative_to(ROOT)}{fault}"
        for file in sorted(python_files(ROOT))
        for fault in too_long(file, file.read_text())
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def too_long(file: Path, text: str) -> Iterator[str]:
    """Name each function of a file that is too long, by its line."""
    are_views = file.name == "views.py" or file.parent.name == "views"
    most = MOST_OF_VIEW if are_views else MOST_OF_FUNCTION
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > most:
                yield f":{node.lineno}: {node.name}: {length} lines, {most} at most"


def python_files(folder: Path) -> list[Path]:
    """All below a folder but migrations, and what is hidden or no part of the code."""
    found = [*folder.glob("*.py")]
    for each in folder.iterdir():
        if each.is_dir() and each.name not in NOT_OURS and each.name[0] != ".":
            found += python_files(each)
    return found


if __name__ == "__main__":
    sys.exit(main())
