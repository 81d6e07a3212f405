"""Lines between Postfix and Dovecot: who says them, and what the relay makes of them.

On a mail host this and authrelay.py are one file, which deploy/render.py puts together.
"""

import asyncio
import base64
import binascii
import contextlib
import select
import socket
import sys
from collections.abc import Callable
from typing import cast

# portal.lua knows it, and reads the second behind it.
RELAY = b"local_name=portal-relay:%d"
LONGEST = 16_384  # bytes of a line; SASL has 12,288 (RFC 4954), Dovecot takes 8,192
MOST_LOGINS = 10  # of one smtpd, which has one at a time, and breaks some off
# What a client is asked for by the mechanisms of names and passwords.
LOGIN = [base64.b64encode(b"Username:"), base64.b64encode(b"Password:")]
PROMPTS = {b"PLAIN": [b""], b"LOGIN": LOGIN}


LinesHandler = Callable[[list[bytes]], None]


class Side(asyncio.Protocol):
    """One end of a conversation, which hears whole lines.

    `lost` is called once it is closed, as it is when a line is too long; `changed` once
    it is connected, and when it begins or ceases to be behind with reading.
    """

    transport: asyncio.Transport | None = None
    is_behind = False

    def __init__(self, on_lines: LinesHandler, *callbacks: Callable[[], None]) -> None:
        self._on_lines, (self._on_change, self._on_lost), self._rest = (
            on_lines,
            callbacks,
            b"",
        )
        self.opening: list[bytes] = []  # said as soon as it is connected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.say(self.opening)
        # Not at once: after this, Python 3.11.2 begins to read, even what was paused.
        asyncio.get_running_loop().call_soon(self._on_change)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, lines), default=0) > LONGEST or len(self._rest) > LONGEST:
            cast("asyncio.Transport", self.transport).abort()
        elif lines:
            self._on_lines(lines)

    def has_hung_up(self) -> bool:
        """Whether the other end has, though what it said before is still to be read."""
        poll = select.poll()
        if self.transport:
            poll.register(self.transport.get_extra_info("socket"), select.POLLRDHUP)
        return bool(poll.poll(0))

    def say(self, lines: list[bytes]) -> None:
        if lines and self.transport and not self.transport.is_closing():
            self.transport.write(b"\n".join([*lines, b""]))

    def listen(self, *, now: bool) -> None:
        """Read on, or leave what comes to the kernel, which has its sender wait."""
        if self.transport:
            (self.transport.resume_reading if now else self.transport.pause_reading)()

    def pause_writing(self) -> None:
        self.is_behind = True
        self._on_change()

    def resume_writing(self) -> None:
        self.is_behind = False
        self._on_change()

    def connection_lost(self, error: Exception | None) -> None:
        self._on_lost()


class Logins:
    """PLAIN and LOGIN under way, each asked by PLAIN once the client has answered."""

    def __init__(self) -> None:
        self._has_plain = False
        # By the question's number: mechanism, parameters, and what was answered so far.
        self._open: dict[bytes, tuple[bytes, bytes, list[bytes]]] = {}

    def note(self, greeting: list[bytes]) -> None:
        """Note whether Dovecot offers PLAIN."""
        self._has_plain = any(line.startswith(b"MECH\tPLAIN\t") for line in greeting)

    def translate(self, line: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return what to ask Dovecot in its place, and what to tell Postfix."""
        command, number, mechanism_name, rest = (*line.split(b"\t", 3), b"", b"", b"")[
            :4
        ]
        mechanism = mechanism_name.upper()  # as the client wrote it
        if command == b"AUTH" and self._has_plain and mechanism in PROMPTS:
            parameters, _, first = (b"\t" + rest).partition(b"\tresp=")
            answers = [first] if first else []
            return self._ask_or_prompt(number, (mechanism, parameters, answers))
        if command == b"CONT" and number in self._open:
            mechanism, parameters, answers = self._open.pop(number)
            answers.append(line.split(b"\t", 2)[2] if line.count(b"\t") > 1 else b"")
            return self._ask_or_prompt(number, (mechanism, parameters, answers))
        return [line], []

    def _ask_or_prompt(
        self, number: bytes, login: tuple[bytes, bytes, list[bytes]]
    ) -> tuple[list[bytes], list[bytes]]:
        """Ask the client for what is missing, or Dovecot if nothing is."""
        mechanism, parameters, answers = login
        if missing := PROMPTS[mechanism][len(answers) :]:
            self._open[number] = login
            if len(self._open) > MOST_LOGINS:
                del self._open[next(iter(self._open))]
            return [], [b"\t".join([b"CONT", number, missing[0]])]
        if (response := make_plain_response(answers)) is None:
            return [], [b"FAIL\t" + number + b"\treason=Invalid base64 data"]
        question = b"\t".join([b"AUTH", number, b"PLAIN"])
        return [question + parameters + b"\tresp=" + response], []


def make_plain_response(answers: list[bytes]) -> bytes | None:
    """Make PLAIN's answer (RFC 4616) of its own or LOGIN's two; None if it is none."""
    with contextlib.suppress(binascii.Error):
        parts = [base64.b64decode(each, validate=True) for each in answers]
        if len(parts) == 1:
            return answers[0]
        if b"\0" not in b"".join(parts):
            return base64.b64encode(b"\0".join([b"", *parts]))
    return None


def sign_question(question: bytes, second: float) -> bytes:
    """Put our name and this time before the response, in place of any other name."""
    asked, *response = question.partition(b"\tresp=")
    fields = [
        each for each in asked.split(b"\t") if not each.startswith(b"local_name=")
    ]
    return b"".join([b"\t".join([*fields, RELAY % second]), *response])


def make_refusal(fields: list[bytes]) -> bytes:
    """Refuse what these fields of an OK would let in."""
    kept = [each for each in fields[1:] if each.startswith((b"user=", b"reason="))]
    return b"\t".join([b"FAIL", fields[0], *kept])


async def connect(path: str) -> socket.socket:
    """Return a connection to this socket, or raise OSError."""
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(0)
    try:
        while True:
            with contextlib.suppress(BlockingIOError):  # as many wait as may
                line.connect(path)
                return line
            await asyncio.sleep(0.02)
    except BaseException:
        line.close()
        raise


repeats: dict[str, int] = {}  # how often what was printed came again within a second


def say(text: str) -> None:
    if text in repeats:
        repeats[text] += 1
    else:
        _print(text, text)


def _print(text: str, line: str) -> None:
    print(f"mailportal-relay: {line}", file=sys.stderr, flush=True)
    repeats[text] = 0
    asyncio.get_running_loop().call_later(1, _print_repeats, text)


def _print_repeats(text: str) -> None:
    if number := repeats.pop(text):
        _print(text, f"{text} ({number} more)")
