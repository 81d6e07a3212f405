"""Mail servers' programs are run from where MAIL_SERVERS says."""

import ast
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import servers
from tests.environment import FOLDER

ROOT = Path(__file__).resolve().parents[3]
# Where mail servers are started, and asked.
STARTING = ("bench", "deploy", "tests/mailserver")
PROGRAMS = {
    "doveadm",
    "doveconf",
    "dovecot",
    "master",
    "postconf",
    "postfix",
    "postmap",
}
CONSTANTS = {"DOVEADM", "DOVECOT", "POSTFIX", "POSTFIX_MASTER"}
SHELLS = {"bash", "sh"}

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="it takes mounts")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """This machine's programs, with a Postfix of other settings; for MAIL_SERVERS."""
    (tmp_path / "etc" / "postfix").mkdir(parents=True)
    (tmp_path / "etc" / "postfix" / "of-the-folder").touch()
    for name in ("usr", "etc/alternatives", "etc/dovecot", "etc/ld.so.cache"):
        (tmp_path / name).symlink_to(f"/{name}")
    monkeypatch.setenv("MAIL_SERVERS", str(tmp_path))
    return tmp_path


def said(*words: str) -> list[str]:
    command = servers.command(*words)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.split()


@as_root
def test_a_program_finds_what_is_in_the_folder(folder: Path) -> None:
    assert said("ls", "/etc/postfix") == ["of-the-folder"]


@as_root
def test_everything_else_is_this_machines(folder: Path) -> None:
    paths = ("/proc", "/dev", "/etc/passwd", "/var/lib", __file__, str(FOLDER))
    numbers = [str(Path(path).stat().st_ino) for path in paths]

    assert said("stat", "--format=%i", *paths) == numbers


@as_root
def test_a_program_is_the_process_that_was_started_and_leaves_nothing_mounted(
    folder: Path,
) -> None:
    mounted = Path("/proc/self/mountinfo").read_text()
    words = ("sh", "-c", "echo $$; read -r _; ls /etc/postfix")
    with subprocess.Popen(
        servers.command(*words),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert int(process.stdout.readline()) == process.pid
        assert Path("/proc/self/mountinfo").read_text() == mounted
        assert process.communicate("go\n")[0] == "of-the-folder\n"

    assert Path("/proc/self/mountinfo").read_text() == mounted


@as_root
def test_in_there_the_servers_are_those_of_the_machine(folder: Path) -> None:
    """So a program of ours that is run there asks no second time."""
    assert said("sh", "-c", "echo ${MAIL_SERVERS-unset}") == ["unset"]


def test_without_the_variable_a_command_is_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MAIL_SERVERS", raising=False)

    assert servers.command("doveadm", "who") == ["doveadm", "who"]
    assert servers.root() == Path("/")


def test_a_folder_without_servers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_SERVERS", "/nowhere")

    for ask in (servers.command, servers.root):
        with pytest.raises(
            servers.MissingServersError, match="/nowhere has no mail servers"
        ):
            ask()


@as_root
def test_who_is_not_root_is_told(folder: Path) -> None:
    copy = FOLDER / "for-nobody"
    copy.mkdir()
    shutil.copy(servers.__file__, copy)
    (copy / "usr" / "sbin").mkdir(parents=True)
    (copy / "usr" / "sbin" / "dovecot").touch()

    program = "import servers; servers.command('doveadm')"

    done = subprocess.run(
        ["setpriv", "--reuid=nobody", "/usr/bin/python3", "-c", program],
        cwd=copy,
        env={"MAIL_SERVERS": str(copy)},
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.stderr.endswith("MAIL_SERVERS is for root: it takes mounts\n")


def commands(path: Path) -> Iterator[tuple[int, str]]:
    """Give the lists in a file that begin with a word, with the lines they are in."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.List) and node.elts:
            match node.elts[0]:
                case ast.Constant(value=str(word)):
                    yield node.lineno, word.rpartition("/")[2]
                case ast.Name(id=name) if name in CONSTANTS:
                    yield node.lineno, name.lower()


def test_no_mail_server_is_run_past_it() -> None:
    """A command of theirs is made by `servers.command(…)`, and not as a list."""
    found = []
    for path in (path for name in STARTING for path in (ROOT / name).rglob("*.py")):
        own = PROGRAMS | SHELLS if path.is_relative_to(ROOT / "tests") else PROGRAMS
        for line, word in commands(path):
            if word.partition("-")[0] in own:
                found.append(f"{path.relative_to(ROOT)}:{line} {word}")

    assert found == []
