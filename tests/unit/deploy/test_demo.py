import os
import shlex
import socket
import sqlite3
import stat
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from accounts.models import WORKERS
from deploy.demo import make_welcome_text, portal_command, prepare, workers
from deploy.plan import (
    Plan,
    ensure_secret_file,
    inherit_environment,
    make_plan,
    make_settings,
    make_sites,
    write_settings,
)
from deploy.supervisor import (
    StartError,
    require_free,
    start,
    wait_until_healthy,
)
from tests.environment import FOLDER
from tests.patience import PATIENCE
from tests.processes import runs
from tests.unit.mailportal.environments import manage

PORTS = {
    "PORT": "8100",
    "IMAP_PORT": "8143",
    "POP3_PORT": "8110",
    "SUBMISSION_PORT": "8587",
}


@pytest.fixture
def folder() -> Path:
    """Where the demonstration's data go; open to the mail server's users."""
    made = Path(tempfile.mkdtemp(dir=FOLDER))
    made.chmod(0o755)
    return made / "var"


@pytest.fixture
def plan(folder: Path) -> Plan:
    return make_plan({"VAR": str(folder), **PORTS})


def test_a_secret_is_made_once_and_for_its_owner_alone(folder: Path) -> None:
    first = ensure_secret_file(folder, "secret-key").read_text()

    again = ensure_secret_file(folder, "secret-key")

    assert again.read_text() == first
    assert len(first) >= 50
    assert stat.S_IMODE(again.stat().st_mode) == 0o600
    assert stat.S_IMODE(again.parent.stat().st_mode) == 0o700


def test_two_demonstrations_have_different_secrets(tmp_path: Path) -> None:
    one, other = (ensure_secret_file(tmp_path / name, "secret-key") for name in "ab")

    assert one.read_text() != other.read_text()


def test_a_variable_left_over_in_the_shell_changes_nothing() -> None:
    leftover = {"PATH": "/bin", "DATABASE_URL": "postgres://real/", "DEBUG": "true"}

    assert inherit_environment(leftover) == {"PATH": "/bin", "PYTHONUNBUFFERED": "1"}


def test_the_own_site_comes_first_with_the_ports_that_were_asked_for(
    plan: Plan,
) -> None:
    own, *others = make_sites(plan)

    assert (own["name"], own["url"]) == ("Singapore", "http://127.0.0.1:8100/")
    assert own["imap"] == {"host": "127.0.0.1", "port": 8143, "security": "none"}
    assert own["pop3"] == {"host": "127.0.0.1", "port": 8110, "security": "none"}
    assert own["smtp"] == {"host": "127.0.0.1", "port": 8587, "security": "none"}
    assert [other["name"] for other in others] == [
        "China (Hong Kong)",
        "Germany",
        "United States",
    ]


def test_the_settings_can_be_read_by_a_shell(plan: Plan) -> None:
    path = plan.folder / "environment"

    write_settings(path, make_settings(plan))

    read = dict(word.split("=", 1) for word in shlex.split(path.read_text()))
    assert read == make_settings(plan)


def test_no_secret_is_in_the_settings_themselves(plan: Plan) -> None:
    write_settings(plan.folder / "environment", make_settings(plan))

    written = (plan.folder / "environment").read_text()

    for name in ("secret-key", "doveadm-api-key"):
        assert ensure_secret_file(plan.folder, name).read_text() not in written


def test_the_checks_have_no_word_about_the_demonstration(plan: Plan) -> None:
    done = manage("check", environment=make_settings(plan))

    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


def test_a_folder_without_mail_servers_is_said_with_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_SERVERS", "/nowhere")

    with pytest.raises(StartError, match="MAIL_SERVERS=/nowhere has no mail servers"):
        make_plan({"VAR": str(folder), **PORTS})


@pytest.mark.parametrize("text", ["imap", "0", "65536", "-1", "1e3", "٣"])
def test_a_port_that_is_none_is_said_with_its_name(folder: Path, text: str) -> None:
    with pytest.raises(StartError, match=f"IMAP_PORT={text} is not a port"):
        make_plan({"VAR": str(folder), "IMAP_PORT": text})


def test_a_port_in_use_is_said_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]

        with pytest.raises(StartError) as caught:
            require_free({"PORT": number})

    assert str(caught.value) == (
        f"Port {number}: address already in use; "
        f"choose another one, such as: make run PORT={number + 1}"
    )


def test_a_closed_home_keeps_neither_database_nor_mail_from_the_mail_server(
    folder: Path,
) -> None:
    folder.parent.chmod(0o700)

    plan = make_plan({"VAR": str(folder)})
    again = make_plan({"VAR": str(folder)})

    assert again.shared == plan.shared
    if os.geteuid() == 0:
        assert all(each.stat().st_mode & 0o001 for each in plan.shared.parents)
        assert not plan.shared.is_relative_to(folder)
        (plan.shared / "db").rmdir()
        plan.shared.rmdir()
    else:
        assert plan.shared == folder


def test_the_terminal_says_what_runs_where_and_who_can_sign_in(plan: Plan) -> None:
    text = make_welcome_text(plan, "")

    for word in (
        "http://127.0.0.1:8100/",
        "127.0.0.1:8143",
        "127.0.0.1:8110",
        "mailportal-demo",
        "alice@example.com",
        "bob@enforced.example",
        "carol@closed.example",
        "dave@imaponly.example",
        "admin@example.com",
        str(plan.folder / "sms.jsonl"),
    ):
        assert word in text


def test_for_developers_mails_and_errors_are_shown(folder: Path) -> None:
    plan = make_plan({"VAR": str(folder), **PORTS}, is_development=True)

    settings = make_settings(plan)

    assert (settings["DEBUG"], settings["EMAIL_GATEWAY"]) == ("true", "console")
    assert "Mails to the owners appear here as well." in make_welcome_text(plan, "")


def test_for_developers_a_changed_file_is_read_and_all_of_it_ends(
    folder: Path,
) -> None:
    plan = make_plan(
        {"VAR": str(folder), "PORT": str(free_port())}, is_development=True
    )
    environment = inherit_environment(os.environ) | make_settings(plan)
    with ExitStack() as started:
        portal = start(portal_command(plan), environment, started)
        wait_until_healthy(plan.port, {"portal": portal})
        # The shell, the one that looks at files, and the one that answers.
        running = descendants(portal.pid)
        assert len(running) >= 2

    deadline = time.monotonic() + PATIENCE
    while any(map(runs, running)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    return number


def descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        each for child in map(int, children) for each in (child, *descendants(child))
    ]


def test_without_a_mail_server_the_terminal_says_how_to_get_one(plan: Plan) -> None:
    text = make_welcome_text(plan, "missing: sudo apt-get install dovecot-imapd")

    assert "Mail server  missing: sudo apt-get install dovecot-imapd" in text
    assert "8143" not in text


def test_everything_runs_whose_heartbeat_is_waited_for(plan: Plan) -> None:
    """Otherwise the first page of the administration finds something missing."""
    started = [word for command in workers(plan, "").values() for word in command]

    assert set(started) >= WORKERS.keys()


def test_what_was_prepared_is_not_made_again(plan: Plan) -> None:
    environment = inherit_environment(os.environ) | make_settings(plan)
    with ExitStack() as started:
        prepare(environment, started)
        made = files(plan.folder)
        assert len([path for path in made if path.suffix == ".br"]) > 5

        prepare(environment, started)

    assert files(plan.folder) == made
    assert cutoffs_of(plan) == 0


def cutoffs_of(plan: Plan) -> int:
    """How many sessions a mail server is to end; at the preparation none runs."""
    with closing(sqlite3.connect(plan.shared / "db" / "portal.sqlite3")) as database:
        [count] = database.execute("SELECT count(*) FROM accounts_cutoff").fetchone()
    return int(count)


def files(folder: Path) -> dict[Path, tuple[int, int]]:
    """What was written when; a file written anew is another one."""
    found = {path: path.stat() for path in folder.rglob("*") if path.is_file()}
    return {path: (each.st_ino, each.st_mtime_ns) for path, each in found.items()}


def test_a_preparation_that_fails_is_said(plan: Plan) -> None:
    environment = inherit_environment(os.environ) | {"SECRET_KEY": "short"}

    with ExitStack() as started, pytest.raises(StartError, match="preparation failed"):
        prepare(environment, started)
