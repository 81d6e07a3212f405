"""Ask Dovecot for logon decisions as its own login processes do, over a Unix socket.

Many decisions a second, with any client address and no protocol around them. The
protocol is described in doc/wiki/Design.AuthProtocol.txt of Dovecot 2.3.
"""

import base64
import itertools
import os
import socket
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE = 300.0  # seconds until an answer


class Verdict(Enum):
    """The answer to a client."""

    OK = "ok"
    REFUSED = "refused"
    TEMPORARY = "temporary failure"


@dataclass(frozen=True)
class Logon:
    """An attempt to log on to a service from the address `source`."""

    name: str
    password: str
    service: str = "imap"
    source: str = "127.0.0.1"

    @cached_property
    def request(self) -> bytes:
        """The request without its number, which precedes it."""
        plain = base64.b64encode(f"\0{self.name}\0{self.password}".encode()).decode()
        # "nologin": nobody asks for this session later, so Dovecot forgets it.
        return (
            f"\tPLAIN\tservice={self.service}\tnologin\tsecured"
            f"\tlip=127.0.0.1\trip={self.source}\tresp={plain}\n"
        ).encode()


class AuthSocket:
    """One connection, with any number of logons at a time."""

    # Dovecot requires different numbers of its clients.
    _clients = itertools.count(os.getpid() << 12)

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(PATIENCE)
        self._numbers = itertools.count(1)
        self._rest = b""
        try:
            self._greet(path)
        except BaseException:
            self._socket.close()
            raise

    def _greet(self, path: Path) -> None:
        self._socket.connect(str(path))
        hello = f"VERSION\t1\t2\nCPID\t{next(self._clients)}\n"
        self._socket.sendall(hello.encode())
        while b"DONE" not in self._lines():
            pass

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hang up."""
        self._socket.close()

    def fileno(self) -> int:
        """Return the file descriptor, for `select`."""
        return self._socket.fileno()

    def send(self, logons: Sequence[Logon]) -> list[int]:
        """Send all questions at once; return the number of each."""
        numbers = list(itertools.islice(self._numbers, len(logons)))
        asked = zip(numbers, logons, strict=True)
        text = b"".join(
            b"AUTH\t%d%b" % (number, each.request) for number, each in asked
        )
        self._socket.sendall(text)
        return numbers

    def count(self) -> Counter[Verdict]:
        """Wait for answers; return how many there were of each kind.

        Like `receive` without the numbers of the questions, in a quarter of the time.
        """
        lines = self._lines()
        let_in = sum(line.startswith(b"OK\t") for line in lines)
        if let_in == len(lines):
            return Counter({Verdict.OK: let_in})
        return Counter(verdict for _, verdict in map(_answer, lines))

    def receive(self) -> list[tuple[int, Verdict]]:
        """Wait for answers; return the number of each question and its verdict.

        Raises:
            ConnectionResetError: Dovecot hung up instead.
        """
        return [_answer(line) for line in self._lines()]

    def _lines(self) -> list[bytes]:
        """Wait until there is at least one line."""
        lines: list[bytes] = []
        while not lines:
            read = self._socket.recv(65536)
            if not read:
                raise ConnectionResetError
            *lines, self._rest = (self._rest + read).split(b"\n")
        return lines


def _answer(line: bytes) -> tuple[int, Verdict]:
    word, number, *fields = line.split(b"\t")
    if word == b"OK":
        return int(number), Verdict.OK
    if b"code=temp_fail" in fields:
        return int(number), Verdict.TEMPORARY
    return int(number), Verdict.REFUSED


def ask(path: Path, logons: Iterable[Logon]) -> list[Verdict]:
    """Return the verdicts about these logons, which are sent at the same time."""
    with AuthSocket(path) as connection:
        numbers = connection.send(list(logons))
        verdicts: dict[int, Verdict] = {}
        while len(verdicts) < len(numbers):
            verdicts.update(connection.receive())
    return [verdicts[number] for number in numbers]
