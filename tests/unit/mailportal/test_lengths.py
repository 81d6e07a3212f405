"""What the check of lengths counts, and what it lets pass."""

from pathlib import Path

import pytest

from tools.lengths import find_too_long


def function(lines: int) -> str:
    """A function of so many lines, its docstring among them, and a decorator."""
    body = ["def act() -> None:", '    """Act."""', *["    pass"] * (lines - 2)]
    return "\n".join(["@cache", *body])


@pytest.mark.parametrize(
    ("file", "most"),
    [
        ("accounts/codes.py", 40),
        ("api/views.py", 20),
        ("accounts/views/phone.py", 20),
        ("accounts/overviews.py", 40),
    ],
)
def test_a_function_may_have_forty_lines_and_a_view_twenty(
    file: str, most: int
) -> None:
    path = Path(file)

    assert not list(find_too_long(path, function(most)))
    assert list(find_too_long(path, function(most + 1))) == [
        f":2: act: {most + 1} lines, {most} at most"
    ]


@pytest.mark.parametrize("inside", ["class Page:\n", "async def outer():\n    x = 1\n"])
def test_methods_and_inner_functions_are_counted_too(inside: str) -> None:
    text = inside + "\n".join(f"    {line}" for line in function(41).splitlines())

    assert any(": act: 41 lines" in each for each in find_too_long(Path("a.py"), text))


def test_a_file_may_be_as_long_as_its_subject() -> None:
    assert not list(find_too_long(Path("a.py"), "x = 1\n" * 1_000))
