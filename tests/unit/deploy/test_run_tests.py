"""`make test` runs every test, and those of mail servers with every Dovecot it has."""

import os
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests.databases import runs_on_both

ROOT = Path(__file__).resolve().parents[3]
BOUND = "tests/mailserver/test_bound.py"
# Stands in for pytest: writes down what it is asked for, and fails where it has to.
PYTEST = """
echo "$MAIL_SERVERS $TEST_DATABASE $*" >>"$0"
echo "run on $TEST_DATABASE"
[ "${FAILS-none}" != "$MAIL_SERVERS $TEST_DATABASE" ]
"""
# Stands in for the mail server of this machine, and for `make`.
DOVECOT = "#!/bin/sh\necho '{} (0123456789)'\n"
MAKE = '#!/bin/sh\necho "make $2"\nexit {}\n'
FOLDER = "/made/debian13"
MARKED = "-m both_databases and not one_database and not install"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gets a folder")


class Runner:
    """tools/run_tests.sh on a machine with a Dovecot of this version."""

    def __init__(self, folder: Path, version: str, made: int = 0) -> None:
        self._runs = folder / "runs"
        self._path = folder / "bin"
        self._path.mkdir()
        for name, text in (("dovecot", DOVECOT.format(version)), ("make", MAKE)):
            program = self._path / name
            program.write_text(text.format(made))
            program.chmod(0o755)

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        pytest = ["sh", "-c", PYTEST, str(self._runs)]
        # What is set for the run that this test is in is none of this one's.
        path = f"{self._path}:{os.environ['PATH']}"
        given = {"PATH": path, "DEBIAN13": FOLDER, "MAIL_SERVERS": "/left/over"}
        return subprocess.run(
            [ROOT / "tools" / "run_tests.sh", *pytest],
            cwd=ROOT,
            env=given | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    @property
    def files(self) -> dict[tuple[str, str], list[Path]]:
        """The files that were tested, with each folder of servers on each database."""
        found: dict[tuple[str, str], list[Path]] = defaultdict(list)
        lines = self._runs.read_text().splitlines() if self._runs.exists() else ()
        for folder, database, *arguments in (line.split(" ") for line in lines):
            found[folder, database] += taken(arguments)
        return found


def taken(arguments: list[str]) -> set[Path]:
    """Return the files that pytest would take, given these arguments."""
    asked = " ".join(arguments)
    is_marked = MARKED in asked
    rest = asked.replace(MARKED, "").split()
    left_out = {a.partition("=")[2] for a in rest if a.startswith("--ignore=")}
    named = [a for a in rest if not a.startswith("-")]
    found = files(*named) - files(*left_out)
    return set(filter(runs_on_both, found)) if is_marked else found


def files(*names: str) -> set[Path]:
    found = set()
    for path in (ROOT / name for name in names):
        assert path.exists()
        found |= {path} if path.is_file() else set(path.rglob("test_*.py"))
    return found - set((ROOT / "tests" / "install").iterdir())


MAIL, UNITS = files("tests/mailserver"), files("tests/unit")
DATABASES = ("sqlite", "postgres")
# Has a file of its own, whatever the tests have.
DEMONSTRATION = files("tests/mailserver/test_demonstration.py")
BOTH = set(filter(runs_on_both, MAIL | UNITS))


@as_root
@pytest.mark.parametrize("whole", DATABASES)
def test_every_mail_server_test_runs_with_each_dovecot_and_on_each_database(
    tmp_path: Path, whole: str
) -> None:
    runner = Runner(tmp_path, "2.3.19.1")

    done = runner.run(WHOLE=whole)

    assert done.returncode == 0, done.stderr
    ran = {key: MAIL.intersection(names) for key, names in runner.files.items()}
    assert set(ran) == {(folder, name) for folder in ("", FOLDER) for name in DATABASES}
    (other,) = {*DATABASES} - {whole}
    assert ran["", whole] >= MAIL - DEMONSTRATION
    assert ran[FOLDER, other] >= MAIL - DEMONSTRATION
    for (_folder, database), names in ran.items():
        assert names >= (MAIL & BOTH) - (
            DEMONSTRATION if database == "postgres" else set()
        )


@as_root
def test_from_one_day_to_the_next_the_pairs_that_are_whole_change(
    tmp_path: Path,
) -> None:
    whole = set()
    for day in ("007", "008"):
        folder = tmp_path / day
        folder.mkdir()
        runner = Runner(folder, "2.3.19.1")
        date = folder / "bin" / "date"
        date.write_text(f"#!/bin/sh\necho {day}\n")
        date.chmod(0o755)

        runner.run()

        whole |= {
            key
            for key, names in runner.files.items()
            if {*names} >= MAIL - DEMONSTRATION
        }
    assert whole == {(each, name) for each in ("", FOLDER) for name in DATABASES}


@as_root
@pytest.mark.parametrize("whole", DATABASES)
def test_every_test_runs_and_what_depends_on_the_database_on_both(
    tmp_path: Path, whole: str
) -> None:
    runner = Runner(tmp_path, "2.3.19.1")

    runner.run(WHOLE=whole)

    ran = runner.files
    assert {*ran["", "sqlite"], *ran["", "postgres"]} == files("tests")
    assert {*ran[FOLDER, "sqlite"], *ran[FOLDER, "postgres"]} <= MAIL
    assert set(ran["", "sqlite"]) >= UNITS
    assert set(ran["", "postgres"]) >= BOTH - DEMONSTRATION


@as_root
def test_nothing_runs_twice_on_one_database_with_one_dovecot(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "2.3.19.1")

    runner.run()

    for names in runner.files.values():
        assert len(names) == len(set(names))


@as_root
def test_nothing_is_measured_beside_anything_else(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "2.3.19.1")

    runner.run()

    bound = ROOT / BOUND
    for names in runner.files.values():
        assert names.index(bound) == 0
        assert names.count(bound) == 1


def test_a_machine_of_debian_13_needs_no_folder(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "2.4.1-4")

    done = runner.run(NEED_DEBIAN13="yes")

    assert done.returncode == 0, done.stderr
    assert set(runner.files) == {("", name) for name in DATABASES}
    assert "Dovecot alone: 2.4.1-4 (0123456789)." in done.stdout
    assert "make" not in done.stdout


@as_root
def test_without_a_folder_this_machines_is_tested_and_one_line_says_so(
    tmp_path: Path,
) -> None:
    runner = Runner(tmp_path, "2.3.19.1", made=1)

    done = runner.run()

    assert done.returncode == 0
    assert set(runner.files) == {("", name) for name in DATABASES}
    assert done.stderr.count("\n") == 1
    assert "Dovecot 2.4 is not tested, 2.3 is." in done.stderr


@as_root
def test_what_is_set_for_these_tests_is_not_for_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NEED_DEBIAN13", "FAILS", "TEST_DATABASE", "MAKEFLAGS"):
        monkeypatch.setenv(name, "yes")
    runner = Runner(tmp_path, "2.3.19.1", made=1)

    assert runner.run().returncode == 0


@as_root
def test_where_both_are_needed_to_have_no_folder_is_to_fail(tmp_path: Path) -> None:
    runner = Runner(tmp_path, "2.3.19.1", made=1)

    assert runner.run(NEED_DEBIAN13="yes").returncode == 1
    assert runner.files == {}


@as_root
@pytest.mark.parametrize("folder", ["", FOLDER])
@pytest.mark.parametrize("database", DATABASES)
def test_a_failure_anywhere_is_one_of_all(
    tmp_path: Path, folder: str, database: str
) -> None:
    runner = Runner(tmp_path, "2.3.19.1")

    done = runner.run(FAILS=f"{folder} {database}")

    assert done.returncode == 1
    assert len(runner.files) == 4
