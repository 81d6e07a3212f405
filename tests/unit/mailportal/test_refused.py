"""Values that a setting may never have are refused before anything starts."""

import re
from pathlib import Path

import pytest

from mailportal.configuration import SETTINGS, Setting, WrongSettings
from tests.unit.mailportal.environments import KEY, ROOT, manage, read_settings
from tests.unit.mailportal.misconfigurations import UNREADABLE_VALUES

NUMBERS = [setting for setting in SETTINGS.values() if setting.kind in {"int", "float"}]
# A value that the kind of setting cannot have, where some text is none.
NONE_OF_A_KIND = {
    "bool": ["", "maybe", "2"],
    "int": ["", "one", "1.5", "1e3", "9" * 5000],
    "float": ["", "one", "nan", "inf", "1,5"],
    "json": ["", "[not JSON", "{}", '"text"', "[1]", "9" * 5000],
    "dj_db_url": [
        "",
        "garbage",
        "mysql://host/name",
        "postgres://host/",
        "sqlite://",
        "sqlite:///",
        "sqlite://portal.sqlite3",
        "sqlite:///db/file",
        "sqlite:///portal.sqlite3",
        "sqlite:///:memory:",
        "sqlite://host//db/file",
    ],
}
BAD = [
    (setting.name, value)
    for setting in SETTINGS.values()
    for value in NONE_OF_A_KIND.get(setting.kind, [])
] + UNREADABLE_VALUES


def refusal(**environment: str) -> str:
    with pytest.raises(WrongSettings) as caught:
        read_settings({"SECRET_KEY": KEY} | environment)
    return str(caught.value)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_what_cannot_be_read_is_refused_by_name_with_what_it_may_be(
    name: str, value: str
) -> None:
    assert refusal(**{name: value}) == f"{name} has to be {SETTINGS[name].may_be}."


@pytest.mark.parametrize(("name", "value"), [each for each in BAD if each[1]])
def test_of_a_value_in_a_file_the_file_is_named(
    name: str, value: str, tmp_path: Path
) -> None:
    """A good value may stand beside it, which is not taken."""
    file = tmp_path / "value"
    file.write_text(f"{value}\n")

    said = refusal(**{name: KEY if name == "SECRET_KEY" else "1"}, **_file(name, file))

    may_be = SETTINGS[name].may_be
    assert said == f"{name}_FILE names {file}, whose text has to be {may_be}."


def _file(name: str, file: Path) -> dict[str, str]:
    return {f"{name}_FILE": str(file)}


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number.name)
def test_every_number_has_a_range_and_a_unit_and_is_held_to_it(number: Setting) -> None:
    name, step = number.name, 1 if number.kind == "int" else 0.1
    for inside in (number.lowest, number.highest):
        read_settings({"SECRET_KEY": KEY, name: str(inside)})

    for outside in (number.lowest - step, number.highest + step, -10, 10**30):
        said = refusal(**{name: str(outside)})
        assert said.startswith(f"{name} has to be a ")
        assert f"from {number.lowest} to {number.highest} (" in said
    assert number.lowest <= number.default <= number.highest


@pytest.mark.parametrize("name", SETTINGS)
def test_the_file_of_every_setting_has_to_be_there_and_to_be_text(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("link")

    for file in ("missing", "binary", "folder", "link", "binary/below"):
        path = tmp_path / file
        said = refusal(**{f"{name}_FILE": str(path)})
        assert said.startswith(f"{name}_FILE names {path}, which cannot be read: ")


@pytest.mark.parametrize("name", SETTINGS)
def test_an_empty_file_holds_no_value(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")

    assert name in refusal(**{f"{name}_FILE": str(tmp_path / "empty")})


def test_no_call_to_the_provider_is_longer_than_the_servers_in_front_wait() -> None:
    unit = (ROOT / "deploy" / "systemd" / "mailportal.service").read_text()
    nginx = (ROOT / "deploy" / "nginx" / "mailportal.conf").read_text()
    waits = re.findall(r"--graceful-timeout (\d+)", unit)
    waits += re.findall(r"proxy_read_timeout (\d+)s;", nginx)

    assert len(waits) == 2
    assert SETTINGS["TWILIO_TIMEOUT"].highest + 1 <= min(map(int, waits))


def test_what_stands_in_lists_is_taken_without_blanks_around_it() -> None:
    settings = read_settings({"SECRET_KEY": KEY, "ALLOWED_HOSTS": " a.org , b.org,"})

    assert settings["ALLOWED_HOSTS"] == ["a.org", "b.org"]


def test_manage_says_all_of_it_in_a_line_each_without_a_traceback() -> None:
    """And no value of any: it may be a secret in the wrong line."""
    values = {
        "SECRET_KEY": "hunter2",
        "TRUSTED_PROXIES": "hunter2",
        "DATABASE_URL": "hunter2://alice:hunter2@host/name",
        "MAIL_SITES": "[hunter2",
    }

    for command in ("check", "prepare"):
        done = manage(command, environment=values)
        assert done.returncode == 1
        lines = done.stderr.splitlines()
        said = sorted(line.partition(" has to be ")[0] for line in lines)
        assert said == sorted(values)
        assert "hunter2" not in done.stdout + done.stderr
