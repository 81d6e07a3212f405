"""The documentation and the pages name the same commands."""

import os
import subprocess
from pathlib import Path

import pytest
from pytest_django import Settings

from provisioning import former_addresses

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"
OLD, NEW = "plain@example.com", "renamed@example.com"


def test_the_documentation_has_the_commands_of_the_pages() -> None:
    lines = PAGE.read_text().splitlines()
    together = former_addresses.merge_commands(OLD, NEW).splitlines()

    start = lines.index(together[0])
    assert lines[start : start + len(together)] == together
    assert former_addresses.move_command(OLD, NEW) in lines
    assert former_addresses.remove_command(OLD) in lines


@pytest.mark.parametrize("rule", ["%d/%n", "%d/of/%d/%n", "%u"])
def test_the_command_makes_the_folders_above_as_those_of_before(
    tmp_path: Path, settings: Settings, rule: str
) -> None:
    settings.MAIL_HOME = f"{tmp_path}/the mail/{rule}"
    old, new = "plain@ours.example", "plain@theirs.example"
    home, new_home = (Path(former_addresses.mail_home(each)) for each in (old, new))
    home.mkdir(parents=True)
    (home / "letter").touch()
    for each, other in zip(home.parents, new_home.parents, strict=True):
        if each != other:
            each.chmod(0o2750)
            os.chown(each, *((8, 8) if os.geteuid() == 0 else (-1, -1)))

    command = f"umask 077; {former_addresses.move_command(old, new)}"
    subprocess.run(["sh", "-c", command], check=True)

    assert (new_home / "letter").exists()
    for each, other in zip(home.parents, new_home.parents, strict=True):
        there, here = each.stat(), other.stat()
        assert there.st_mode == here.st_mode
        assert (there.st_uid, there.st_gid) == (here.st_uid, here.st_gid)


@pytest.mark.parametrize("rule", ["%d/%n", "%d/of/%d/%n"])
def test_a_folder_above_that_cannot_be_made_ends_it(
    tmp_path: Path, settings: Settings, rule: str
) -> None:
    settings.MAIL_HOME = f"{tmp_path}/{rule}"
    old, new = "plain@ours.example", "plain@theirs.example"
    Path(former_addresses.mail_home(old)).mkdir(parents=True)
    (tmp_path / "theirs.example").touch()

    done = subprocess.run(
        ["sh", "-c", former_addresses.move_command(old, new)], check=False
    )

    assert done.returncode != 0
    assert Path(former_addresses.mail_home(old)).is_dir()
