"""What is checked before a commit is what `make check` checks."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def checked_by_make() -> list[str]:
    """The commands of `make check`, with its variables in place."""
    makefile = (ROOT / "Makefile").read_text()
    variables = dict(re.findall(r"^(\w+) :?= (.*)$", makefile, re.MULTILINE))
    recipe = makefile.partition("\ncheck:")[2].partition("\n\n")[0]
    text = "\n".join(recipe.split("\n\t")[1:])
    while found := re.search(r"\$\((\w+)\)", text):
        text = text.replace(found[0], variables[found[1]])
    return text.splitlines()


def checked_before_a_commit() -> list[str]:
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = re.findall(r"^ +entry: >-\n +(.*)$", hooks, re.MULTILINE)
    assert len(entries) == hooks.count("- id: ")
    shells, commands = zip(*(entry.split(" -c ") for entry in entries), strict=True)
    assert set(shells) == {"sh"}
    return ["".join(shlex.split(command)) for command in commands]


def test_both_check_the_same() -> None:
    commands = checked_by_make()

    assert len(commands) > 10
    assert checked_before_a_commit() == commands
