"""What systemd takes literally deploy/manage runs: only lines alike to both."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PLACE = "/etc/mailportal/environment"
SHOWN = "import os; [print(f'{n}={v}', end='\\0') for n, v in os.environ.items()]"

# Read alike by both.
ALIKE = [
    "",
    "#",
    '# it\'s "a" $(comment) `of` \\n any ~ kind; überall',
    "#A=1",
    "A=",
    "A=''",
    "A=1",
    "a_B9=x",
    "HTTP_PROXY=http://proxy:3128/",
    "A=azAZ09_@%+=:,./-",
    "A=--",
    "A==",
    "A=a=b",
    "A=portal@mail.example",
    "A=postgres://mailportal@%2Fvar%2Frun%2Fpostgresql/mailportal",
    "A='Mail Portal <portal@mail.example>'",
    "A=' at both ends '",
    "A='pa$$word $HOME $(id) `id` ab$cd;ls #x'",
    """A='& | > < * ? [a] {b,c} ! "x" ~ % 1>&2'""",
    "A='~'",
    "A='ü 漢字'",
    "A='#'",
    "A='='",
    'A=\'[{"key": "germany"}]\'',
]

# Of each: its value, or a part of it, which is not to be told; and the setting.
OTHERS = [
    ("EMAIL_FROM=Mail Portal <portal@mail.example>", "Portal <", "EMAIL_FROM"),
    ("EMAIL_HOST_PASSWORD=pa$$word", "word", "EMAIL_HOST_PASSWORD"),
    ("EMAIL_HOST_PASSWORD=ab$cd;touch run #x", "touch", "EMAIL_HOST_PASSWORD"),
    *((f"VAR=se{sign}same", "same", "VAR") for sign in "$`\"'\\;&|<>()*?[]{}!#~ \t"),
    *((f"VAR='se{sign}same'", "same", "VAR") for sign in "'\\\t\0\v\x7f"),
    *((f"VAR={value}", "same", "VAR") for value in ("~same", "/a:~same", "~/same")),
    *((f"VAR={value}", "same", "VAR") for value in ("same ", " same", "'same' ")),
    *((f"VAR={value}", "same", "VAR") for value in ("'same'x", "x'same'", "'same")),
    *((f"VAR={value}", "same", "VAR") for value in ('"same"', "$'same'", "same\\")),
    *((f"{name}=same", "same", "VAR") for name in ("export VAR", "VAR ")),
    *((f"{name}=same", "same", "") for name in (" VAR", "9AR", "VÄR", "V-R")),
    *(
        (line, "same", "")
        for line in ("same", "; same", " # same", "same()", "# same\\")
    ),
    ("\ufeffVAR=same", "same", ""),
    ("touch run", "touch", ""),
]


def manage(
    folder: Path, text: str | bytes, mode: int = 0o640
) -> subprocess.CompletedProcess[str]:
    """Run a copy of it that has this file; it shows the environment it was given."""
    file = folder / "environment"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    file.chmod(mode)
    script = (ROOT / "deploy" / "manage").read_text()
    assert script.count(PLACE) == 1
    (folder / "deploy").mkdir(exist_ok=True)
    (folder / "deploy" / "manage").write_text(script.replace(PLACE, str(file)))
    (folder / "manage.py").write_text(SHOWN)
    if not (folder / ".venv").exists():
        (folder / ".venv" / "bin").mkdir(parents=True)
        (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    return subprocess.run(
        ["sh", "deploy/manage"],
        env={"PATH": os.environ["PATH"]},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def read_by_systemd(text: str) -> dict[str, str]:
    """EnvironmentFile= of systemd.exec(5), of files whose lines end where they end.

    Quotes may be around a whole value; in single ones everything is literal, elsewhere
    a backslash takes the meaning of what follows, an end of the line as well.
    """
    line = re.compile(
        r"^[ \t]*([#;](?:\\.|[^\n])*|(\w+)=((?:\\.|[^\n])*))?$",
        re.MULTILINE | re.DOTALL,
    )
    values = {}
    for _, name, value in line.findall(text):
        literal = re.fullmatch(r"\s*'([^']*)'\s*", value)
        other = re.fullmatch(r'\s*"(.*)"\s*|(.*)', value.strip(), re.DOTALL)
        assert other
        values[name] = literal[1] if literal else _unescaped(other[1] or other[2] or "")
    values.pop("", None)
    return values


def _unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: found[1].strip("\n"), value, flags=re.DOTALL)


@pytest.mark.parametrize("line", ALIKE)
def test_what_a_shell_and_systemd_read_alike_is_taken(
    tmp_path: Path, line: str
) -> None:
    text = f"{line}\nLAST=last\n"

    done = manage(tmp_path, text)

    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(each.split("=", 1) for each in done.stdout.split("\0") if each)
    read = read_by_systemd(text)
    assert read["LAST"] == "last"
    assert len(read) == 1 + ("=" in line and not line.startswith("#"))
    assert {name: shown.get(name) for name in read} == read
    assert "A" in read or "A" not in shown


@pytest.mark.parametrize(("line", "value", "name"), OTHERS)
def test_every_other_line_is_refused_by_its_number_and_never_run(
    tmp_path: Path, line: str, value: str, name: str
) -> None:
    done = manage(tmp_path, f"# first\nSECRET_KEY=x\n{line}\nLAST=last\n")

    place = f"{tmp_path}/environment, line 3{f' ({name})' if name else ''}: put the"
    assert done.returncode == 1
    assert done.stderr.startswith(place)
    assert len(done.stderr.splitlines()) == 2
    assert done.stdout == ""
    assert value not in done.stderr.replace(str(tmp_path), "")
    assert not (tmp_path / "run").exists()


def test_all_lines_are_told_at_once_and_a_key_in_several_lines_not_at_all(
    tmp_path: Path,
) -> None:
    key = '"-----BEGIN PRIVATE KEY-----\nMIIBsesame\nsesame==\n-----END-----"'

    done = manage(tmp_path, f"PROFILE_KEY={key}\nDEBUG=a b\n")

    told = re.findall(r"line (\d+)(?: \((\w+)\))?: put", done.stderr)
    assert told == [("1", "PROFILE_KEY"), ("2", ""), ("4", ""), ("5", "DEBUG")]
    assert "sesame" not in done.stderr
    assert "BEGIN" not in done.stderr


def test_bytes_that_are_not_utf_8_are_refused(tmp_path: Path) -> None:
    """Such a value is left out by systemd."""
    done = manage(tmp_path, b"VAR='J\xf6rg'\n")

    assert done.returncode == 1
    assert "line 1 (VAR): put the" in done.stderr


@pytest.mark.parametrize("line", ["VAR=x", "VAR='x'", "# VAR", "", "# a\rVAR=x"])
def test_line_ends_of_windows_are_named(tmp_path: Path, line: str) -> None:
    done = manage(tmp_path, f"{line}\r\n")

    assert done.returncode == 1
    assert "has the line ends of Windows (CRLF): run sed -i 's/\\r$//' " in done.stderr


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    manage(tmp_path, "")
    (tmp_path / "environment").unlink()

    done = subprocess.run(
        ["sh", str(tmp_path / "deploy" / "manage")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.startswith(f"{tmp_path}/environment cannot be read: run this as")


def test_a_file_that_everybody_can_read_is_said_to_be_and_taken(tmp_path: Path) -> None:
    done = manage(tmp_path, "VAR=sesame\n", mode=0o644)

    assert done.returncode == 0
    assert done.stderr.startswith(
        f"{tmp_path}/environment can be read by every user of"
    )
    assert len(done.stderr.splitlines()) == 1
    assert "sesame" not in done.stderr


def test_the_example_is_read_alike(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text()

    done = manage(tmp_path, text)

    assert (done.returncode, done.stderr) == (0, "")
    shown = dict(each.split("=", 1) for each in done.stdout.split("\0") if each)
    read = read_by_systemd(text)
    assert len(read) > 50
    assert {name: shown[name] for name in read} == read
