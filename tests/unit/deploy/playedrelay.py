"""The relay as a process, between a Postfix and a Dovecot that are played."""

import base64
import contextlib
import resource
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.render import relay_program
from tests.patience import PATIENCE

# What runs it on a mail host, where there is one.
PYTHON = str(
    next(filter(Path.exists, [Path("/usr/bin/python3"), Path(sys.executable)]))
)
NAME, PASSWORD = b"alice@example.com", b"her secret password"
RESPONSE = base64.b64encode(b"\0" + NAME + b"\0" + PASSWORD)
HELLO = (
    b"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n"
    b"SPID\t7\nCUID\t3\nCOOKIE\tabcd\nDONE\n"
)
ASKED = b"\tservice=smtp\tnologin\tlip=192.0.2.1\trip=192.0.2.7\tsecured"


@dataclass
class Line:
    """One end of a connection, which is read line by line."""

    socket: socket.socket
    _rest: bytes = b""

    def say(self, text: bytes) -> None:
        self.socket.sendall(text)

    def hear(self) -> bytes:
        """Return the next line; nothing if the other end has hung up."""
        while b"\n" not in self._rest:
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                more = b""
            if not more:
                assert not self._rest
                return b""
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def is_hung_up(self) -> bool:
        return self.hear() == b""


@dataclass
class Played:
    """A relay whose Postfix and Dovecot are played."""

    folder: Path
    files: int | None = None
    open: list[socket.socket] = field(default_factory=list)

    def start(self) -> None:
        program = self.folder / "authrelay.py"
        program.write_text(relay_program())
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(str(self.folder / "door"))
            door.listen(1024)
            with (self.folder / "printed").open("wb") as printed:
                self.process = subprocess.Popen(
                    [PYTHON, "-IS", str(program), str(self.folder / "dovecot")],
                    stdin=door.fileno(),
                    stderr=printed,
                )
        if self.files:
            resource.prlimit(
                self.process.pid, resource.RLIMIT_NOFILE, (self.files, self.files)
            )
        self.start_dovecot()

    def start_dovecot(self) -> None:
        self.dovecot = socket.socket(socket.AF_UNIX)
        self.dovecot.settimeout(PATIENCE)
        self.dovecot.bind(str(self.folder / "dovecot"))
        self.dovecot.listen()
        self.open.append(self.dovecot)

    def end_dovecot(self) -> None:
        self.dovecot.close()
        (self.folder / "dovecot").unlink()

    def connect(self) -> Line:
        postfix = socket.socket(socket.AF_UNIX)
        postfix.settimeout(PATIENCE)
        postfix.connect(str(self.folder / "door"))
        self.open.append(postfix)
        return Line(postfix)

    def accept(self) -> Line:
        dovecot, _ = self.dovecot.accept()
        dovecot.settimeout(PATIENCE)
        self.open.append(dovecot)
        return Line(dovecot)

    def begin(self, hello: bytes = HELLO) -> tuple[Line, Line]:
        """Return Postfix's end and Dovecot's, once they have greeted each other."""
        postfix, dovecot = self.connect(), self.accept()
        dovecot.say(hello)
        assert b"".join(postfix.hear() + b"\n" for _ in hello.splitlines()) == hello
        postfix.say(b"VERSION\t1\t2\nCPID\t9\n")
        assert [dovecot.hear(), dovecot.hear()] == [b"VERSION\t1\t2", b"CPID\t9"]
        return postfix, dovecot

    def printed(self) -> str:
        return (self.folder / "printed").read_text()

    def memory(self) -> float:
        """MiB that the process has to itself."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("RssAnon:")[2].split()[0]) / 1024

    def seconds_used(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2]
        return sum(map(int, fields.split()[11:13])) / 100

    def stop(self) -> None:
        for each in self.open:
            each.close()
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def playing(files: int | None = None, *, is_enough: bool = False) -> Iterator[Played]:
    """Run a relay; nothing that passes through it may be in what it prints.

    It may have so many files open, which is said whether it is enough for the test.
    """
    with tempfile.TemporaryDirectory() as folder:
        played = Played(Path(folder), files)
        try:
            played.start()
            yield played
        finally:
            played.stop()
        printed = played.printed()
        assert bool(files and not is_enough) == ("Traceback" in printed)
        for secret in (NAME, PASSWORD, RESPONSE, base64.b64encode(PASSWORD)):
            assert secret.decode() not in printed


def question(
    number: int, mechanism: bytes = b"PLAIN", end: bytes | None = None
) -> bytes:
    """Ask by PLAIN with the response, by anything else without, or with this end."""
    if end is None:
        end = b"\tresp=" + RESPONSE if mechanism == b"PLAIN" else b""
    return b"AUTH\t%d\t%b%b%b\n" % (number, mechanism, ASKED, end)


def time_of(question: bytes) -> int:
    """The second in which the relay says that it asked, right before the response."""
    asked = question.partition(b"\tresp=")[0]
    name, _, second = asked.split(b"\t")[-1].partition(b":")
    assert name == b"local_name=portal-relay"
    return int(second)


def unsigned(question: bytes) -> bytes:
    """The question as Postfix put it."""
    return b"\t".join(
        each for each in question.split(b"\t") if not each.startswith(b"local_name=")
    )
