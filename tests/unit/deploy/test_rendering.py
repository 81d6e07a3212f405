"""Of Dovecot 2.3 and 2.4 the same is asked, by the same script."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import pytest

from deploy.render import render
from deploy.values import MailHostValues
from tests.unit.deploy.hosts import HOSTS, VALUES

Version = Literal["2.3", "2.4"]
VERSIONS: tuple[Version, ...] = get_args(Version)
# What a version has for itself; everything else is the same text.
OF_ITS_OWN = {
    "dovecot/dovecot.conf",
    "dovecot/listeners.conf",
    "dovecot/names.lua",
    "dovecot/postfix.conf",
    "dovecot/sessions-of",
}
INCLUDE = re.compile(r"^!include (\S+)", re.MULTILINE)
PLACEHOLDER = re.compile(r"@[A-Z_0-9]+@")


def rendered(values: MailHostValues, version: Version, folder: Path) -> dict[str, str]:
    """Return every file by its name, as if it lay in the same folder."""
    made = folder / version
    render(replace(values, folder=made, dovecot=version))
    files = [path for path in made.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(made)): path.read_text().replace(str(made), "/made")
        for path in files
    }


@pytest.mark.parametrize("host", HOSTS)
def test_both_versions_get_the_same_files(host: str, tmp_path: Path) -> None:
    old, new = (rendered(HOSTS[host], each, tmp_path) for each in VERSIONS)

    assert new.keys() - old.keys() == {"dovecot/warm-up", "dovecot/warm-up.conf"}
    assert old.keys() <= new.keys()
    assert {"dovecot/portal.lua", "dovecot/typed.lua"} <= old.keys()
    assert {name for name in old if old[name] != new[name]} <= OF_ITS_OWN


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("host", HOSTS)
def test_nothing_is_left_to_fill_in(
    host: str, version: Version, tmp_path: Path
) -> None:
    files = rendered(HOSTS[host], version, tmp_path)

    assert [name for name in files if PLACEHOLDER.search(files[name])] == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_a_file_includes_is_there(version: Version, tmp_path: Path) -> None:
    for host in HOSTS.values():
        files = rendered(host, version, tmp_path)

        wanted = re.findall(
            r"^!include (\S+)", files["dovecot/dovecot.conf"], re.MULTILINE
        )
        assert wanted
        assert {f"dovecot/{name}" for name in wanted} <= files.keys()


def test_dovecot_2_4_reads_its_number_first(tmp_path: Path) -> None:
    text = rendered(VALUES, "2.4", tmp_path)["dovecot/dovecot.conf"]

    settings = [line for line in text.splitlines() if line and line[0] != "#"]
    assert settings[0].startswith("dovecot_config_version = ")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_script_knows_the_homes(version: Version, tmp_path: Path) -> None:
    values = replace(VALUES, home="/srv/%d/%n")

    script = rendered(values, version, tmp_path)["dovecot/portal.lua"]

    assert 'local HOME = "/srv/%d/%n"' in script
