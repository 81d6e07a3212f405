"""What a newcomer's first command does, from outside."""

import http.client
import imaplib
import os
import poplib
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import pytest

from deploy.mailhost import GUARD
from tests.environment import FOLDER
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("PORT", "IMAP_PORT", "POP3_PORT", "SUBMISSION_PORT")
WEB_PASSWORD = "mailportal-demo"
READY = "Ctrl-C stops everything."

Demonstration = subprocess.Popen[str]


@pytest.fixture
def ports() -> dict[str, int]:
    """A free port for each name."""
    with ExitStack() as held:
        probes = [
            held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in NAMES
        ]
        numbers = [probe.getsockname()[1] for probe in probes]
    return dict(zip(NAMES, numbers, strict=True))


@pytest.fixture
def folder() -> Path:
    """For the data; open to the mail server's users, as pytest's own are not."""
    made = Path(tempfile.mkdtemp(dir=FOLDER, prefix="demonstration-"))
    made.chmod(0o755)
    return made / "var"


@contextmanager
def running(
    folder: Path, ports: dict[str, int], errors: IO[bytes] | None = None
) -> Iterator[Demonstration]:
    """Start it, wait for what it says, and end it as a service manager does."""
    numbers = {name: str(number) for name, number in ports.items()}
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.demo"],
        cwd=ROOT,
        env=os.environ | numbers | {"VAR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    ) as demonstration:
        try:
            text = said(demonstration)
            assert f"Submission   127.0.0.1:{ports['SUBMISSION_PORT']}" in text
            yield demonstration
        finally:
            demonstration.send_signal(signal.SIGTERM)
            demonstration.communicate()


def said(demonstration: Demonstration) -> str:
    """What it says until it is ready, or has ended."""
    lines = []
    for line in demonstration.stdout or ():
        lines.append(line)
        if READY in line:
            break
    return "".join(lines)


def first_mail(ports: dict[str, int]) -> bytes:
    """What Alice finds in her mailbox, once there is something."""
    with closing(poplib.POP3("127.0.0.1", ports["POP3_PORT"])) as pop3:
        pop3.user("alice@example.com")
        pop3.pass_(WEB_PASSWORD)
        return b"\n".join(pop3.retr(1)[1]) if pop3.stat()[0] else b""


def wait_for_mail(ports: dict[str, int]) -> bytes:
    with imaplib.IMAP4("127.0.0.1", ports["IMAP_PORT"]) as imap:
        imap.login("alice@example.com", WEB_PASSWORD)
        while imap.select()[1] == [b"0"]:
            time.sleep(0.1)
    return first_mail(ports)


def send_to_alice(ports: dict[str, int]) -> None:
    with smtplib.SMTP("127.0.0.1", ports["SUBMISSION_PORT"]) as smtp:
        smtp.login("alice@example.com", WEB_PASSWORD)
        message = "Subject: Hello\r\n\r\nIt works.\r\n"
        smtp.sendmail("alice@example.com", ["alice@example.com"], message)


def health(ports: dict[str, int]) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", ports["PORT"])) as portal:
        portal.request("GET", "/healthz")
        answer = portal.getresponse()
        return answer.status, answer.read().strip()


def test_everything_runs_ends_at_once_and_keeps_its_data(
    folder: Path, ports: dict[str, int]
) -> None:
    with running(folder, ports) as first:
        assert health(ports) == (200, b"ok")
        send_to_alice(ports)
        assert b"It works." in wait_for_mail(ports)

    assert first.returncode == 0
    for number in ports.values():
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", number))

    with running(folder, ports) as second:
        assert b"It works." in first_mail(ports)

    assert second.returncode == 0


def pids_of(words: str) -> list[int]:
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if words in file.read_bytes().replace(b"\0", b" ").decode():
                found.append(int(file.parent.name))
    return found


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("{folder}/mail/postfix/authrelay.py", "relay of Postfix"),
        (
            "sh -c {guard} Postfix /usr/lib/postfix/sbin/master -c {folder}",
            "mail server Postfix",
        ),
        (
            "sh -c {guard} Dovecot /usr/sbin/dovecot -F -c {folder}",
            "mail server Dovecot",
        ),
    ],
)
def test_a_server_that_ends_is_said_in_one_line_and_ends_the_rest(
    words: str, name: str, folder: Path, ports: dict[str, int], tmp_path: Path
) -> None:
    with (
        (tmp_path / "errors").open("wb") as errors,
        running(folder, ports, errors) as demonstration,
    ):
        [pid] = pids_of(words.format(folder=folder, guard=GUARD))
        os.kill(pid, signal.SIGTERM)
        assert demonstration.wait(PATIENCE) == 1

    said = (tmp_path / "errors").read_text()
    assert f"The {name} ended with exit code" in said


def test_a_port_that_is_taken_is_said_in_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        number = other.getsockname()[1]

        demonstration = subprocess.run(
            [sys.executable, "-m", "deploy.demo"],
            cwd=ROOT,
            env=os.environ | {"VAR": str(folder), "PORT": str(number)},
            capture_output=True,
            check=False,
            text=True,
        )

    assert demonstration.returncode == 1
    assert demonstration.stderr.startswith(f"Port {number}: address already in use")
    assert demonstration.stderr.count("\n") == 1
