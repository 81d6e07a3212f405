"""What deploy/setup.sh asks apt for, on a system whose programs are stand-ins."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
# Bare: nothing is installed, and apt has all packages but those of UNKNOWN, and of
# SNAPS, whose names it knows. What it is to install is printed.
PROGRAMS = {
    "id": 'test "$1" = -u && echo "${USER_ID-0}"',
    "dpkg-query": "exit 1",
    "debconf-set-selections": "cat >/dev/null",
    "service": "exit 0",
    "systemctl": "exit 0",
    "update-rc.d": "exit 0",
    "apt-get": """
case " $* " in
  *" install "*) printf 'apt-get %s\\n' "$*" >&2; exit "${APT_FAILS-0}" ;;
esac
""",
    # In the system's language, if it has one; of an unknown name not a word.
    "apt-cache": """
test "$LC_ALL" = C && word=Candidate || word=Installationskandidat
shift
for name in "$@"; do
  case " $UNKNOWN " in *" $name "*) continue ;; esac
  case " $SNAPS " in *" $name "*) version="(none)" ;; *) version=1.0-1 ;; esac
  printf '%s:\\n  Installed: (none)\\n  %s: %s\\n' "$name" "$word" "$version"
done
""",
}

Setup = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def setup(tmp_path: Path) -> Setup:
    """Run the script with these arguments and variables."""
    for name, text in PROGRAMS.items():
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path}:{os.environ['PATH']}"
        return subprocess.run(
            [ROOT / "deploy" / "setup.sh", *arguments],
            env={
                "PATH": path,
                "LANG": "de_DE.UTF-8",
                "UNKNOWN": "",
                "SNAPS": "",
                **variables,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def asked_for(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the packages that apt had to install; none if it was not asked."""
    _, _, words = done.stderr.partition(" install ")
    return [word for word in words.split() if word[0] != "-"]


def test_what_is_missing_is_installed(setup: Setup) -> None:
    done = setup("test")

    assert done.returncode == 0
    assert {"dovecot-core", "postfix", "chromium"} <= set(asked_for(done))
    assert "no package of this name" not in done.stdout


def test_a_name_that_apt_does_not_know_keeps_no_other_away(setup: Setup) -> None:
    """As Chromium on Ubuntu: one apt-get for all installs nothing at all then."""
    every = set(asked_for(setup("test")))

    done = setup("test", SNAPS="chromium", UNKNOWN="lua5.4")

    assert done.returncode == 0
    assert set(asked_for(done)) == every - {"chromium", "lua5.4"}
    said = "This system's apt has no package of this name: chromium lua5.4\n"
    assert said in done.stdout


def test_where_apt_knows_nothing_the_portal_runs_all_the_same(setup: Setup) -> None:
    every = asked_for(setup("run"))

    done = setup("run", UNKNOWN=" ".join(every))

    assert done.returncode == 0
    assert asked_for(done) == []


def test_where_apt_fails_the_portal_runs_all_the_same(setup: Setup) -> None:
    done = setup("run", APT_FAILS="100")

    assert done.returncode == 0
    assert "apt-get failed; going on with what is there." in done.stdout


def test_without_root_nothing_is_installed(setup: Setup) -> None:
    done = setup("test", USER_ID="1000")

    assert done.returncode == 0
    assert asked_for(done) == []
    assert done.stdout.startswith("Missing: sudo apt-get install dovecot-core ")


def test_every_command_gets_its_python(setup: Setup, tmp_path: Path) -> None:
    """Also those that install nothing else: all of them make an environment."""
    done = setup("venv", str(tmp_path / "venv"), PYTHON="no-python")

    assert asked_for(done)[:2] == ["python3", "python3-venv"]
    assert done.returncode == 1
    assert "no-python is missing, older than 3.11 or lacks venv" in done.stderr


def test_a_python_that_is_complete_is_taken(setup: Setup, tmp_path: Path) -> None:
    done = setup("venv", str(tmp_path / "venv"), PYTHON=sys.executable)

    assert done.returncode == 0, done.stderr
    assert asked_for(done) == []
    assert (tmp_path / "venv" / "bin" / "python").exists()
