"""Select the tests that run on both databases: `-m both_databases`.

The text of a page or a mail is the same on each. SQL differs: locks, constraints,
conflicts, aggregates, order, time, and what is written for one database only. A test
module has the mark if it sets it; if it uses what differs, such as several connections;
or if it imports a module of the project with SQL written by hand. So nobody has to
remember the mark.

A module, or a test, about texts and rules in Python only uses such modules to make its
rows: it says so by the mark `one_database`, and runs on SQLite alone.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
APPS = (
    "accounts",
    "administration",
    "api",
    "clientpasswords",
    "gateways",
    "mailportal",
    "provisioning",
)
MARK, UNMARK = "both_databases", "one_database"
# A module that is marked, as a whole.
UNMARKED = re.compile(rf"^pytestmark = .*\b{UNMARK}\b", re.MULTILINE)
# SQL written by hand, and functions that databases implement differently.
BY_HAND = re.compile(
    r"\bRawSQL\(|\.cursor\(|\.raw\(|\bRunSQL\(|\bRunScript\(|\.vendor\b|"
    r"\.select_for_update\(|\bobjects\.lock\(|\.bulk_create\(|"
    r"\b(?:update|ignore)_conflicts=|"
    r"\b(?:Func|Trunc\w*|Collate|Window|Subquery|Exists|OuterRef|Case|Coalesce)\(|"
    r"\bIntegrityError\b|\.aggregate\("
)
# A test that opens connections, or queries the database itself.
ASKS_ITSELF = re.compile(
    rf"\bat_once\(|transaction=True|\btransactional_db\b|{BY_HAND.pattern}"
)


@cache
def written_by_hand() -> frozenset[str]:
    """Return the modules of the project that contain SQL, or have an SQL file."""
    files = [file for app in APPS for file in (ROOT / app).rglob("*.py")]
    return frozenset(
        name_of(file)
        for file in files
        if not {"migrations", "__init__.py"} & {*file.parts}
        and (BY_HAND.search(file.read_text()) or any(file.parent.glob("*.sql")))
    )


@cache
def runs_on_both(file: Path) -> bool:
    """Whether this test module runs on both databases."""
    text = file.read_text()
    if UNMARKED.search(text):
        return False
    if f"pytest.mark.{MARK}" in text:
        return True
    if not file.is_relative_to(ROOT / "tests" / "unit"):
        return False
    is_about = not written_by_hand().isdisjoint(imported(text))
    return is_about or ASKS_ITSELF.search(text) is not None


def imported(text: str) -> Iterator[str]:
    """Yield the names that a module imports: modules, and names in modules."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Import):
            yield from (each.name for each in node.names)


def name_of(file: Path) -> str:
    """Return the name by which a file of the project is imported."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")
