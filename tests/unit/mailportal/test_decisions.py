"""The pages of docs/decisions: one form, one index, and no file that is elsewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
PARTS = ["Context", "Considered options", "Decision", "Consequences"]
# A path of ours between backticks; what is on a mail host begins with a slash.
PATH = re.compile(r"`((?:[a-z_]+/)[\w./-]*)`")

by_name = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@by_name
def test_each_has_the_same_parts_in_the_same_order(page: Path) -> None:
    text = page.read_text()

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert text.startswith(f"# {page.name[:4]}. ")
    assert all(
        part.strip() for part in re.split(r"^##? .+$", text, flags=re.MULTILINE)[2:]
    )


@by_name
def test_each_names_files_that_there_are(page: Path) -> None:
    named = PATH.findall(page.read_text())

    assert [path for path in named if not is_there(path)] == []


def test_the_index_has_each_by_its_title() -> None:
    index = (FOLDER / "README.md").read_text()

    titles = [page.read_text().partition("\n")[0][2:] for page in PAGES]
    rows = re.findall(r"^- \[(\d{4})\]\((.+?)\) (.+)$", index, re.MULTILINE)
    assert len(PAGES) > 10
    assert [f"{number}. {title}" for number, _file, title in rows] == titles
    assert [file for _number, file, _title in rows] == [page.name for page in PAGES]


def is_there(path: str) -> bool:
    """Whether it is a file or folder of the project, or made by `make`."""
    return (ROOT / path).exists() or path.startswith("var/")
