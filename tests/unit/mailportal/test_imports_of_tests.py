"""What tests share is in modules of steps: no test module is imported by another."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]


def imported_by(text: str) -> set[str]:
    """The dotted names that a module imports, each with what is taken of it."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module or ''}.{name.name}" for name in node.names}
    return found


def modules_of_tests_in(text: str) -> set[str]:
    return {
        part
        for name in imported_by(text)
        for part in name.split(".")
        if part.startswith("test_")
    }


@pytest.mark.parametrize(
    "text",
    [
        "import tests.unit.test_one",
        "from tests.unit.test_one import helper",
        "from tests.unit import test_one",
        "from .test_one import helper",
        "def test() -> None:\n    from tests.unit.test_one import helper",
    ],
)
def test_each_way_to_import_a_test_module_is_found(text: str) -> None:
    assert modules_of_tests_in(text) == {"test_one"}


def test_no_test_module_is_imported_by_another() -> None:
    files = sorted(TESTS.rglob("*.py"))
    found = {
        f"{file.relative_to(TESTS)}: {name}"
        for file in files
        for name in modules_of_tests_in(file.read_text())
    }

    assert len(files) > 200
    assert found == set()
