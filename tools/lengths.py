"""Check that no Python file but migrations is longer than a reader keeps in mind."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 300
NOT_OURS = {"migrations", "var"}


def main() -> int:
    """Name the files that are too long; 1 if there are any."""
    too_long = [
        f"{file.relative_to(ROOT)}: {length} lines, {MOST} are the most"
        for file in sorted(python_files(ROOT))
        if (length := len(file.read_text().splitlines())) > MOST
    ]
    print(*too_long, sep="\n", end="\n" if too_long else "")
    return 1 if too_long else 0


def python_files(folder: Path) -> list[Path]:
    """All below a folder but migrations, and what is hidden or no part of the code."""
    found = [*folder.glob("*.py")]
    for each in folder.iterdir():
        if each.is_dir() and each.name not in NOT_OURS and each.name[0] != ".":
            found += python_files(each)
    return found


if __name__ == "__main__":
    sys.exit(main())
