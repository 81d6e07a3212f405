"""Read, translate and write the lines that Postfix and Dovecot exchange.

On a mail host, this and authrelay.py are one file, which deploy/render.py joins.
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

# portal.lua recognises it, and reads the second after the colon.
RELAY = b"local_name=portal-relay:%d"
LONGEST = 16_384  # bytes of a line; SASL has 12,288 (RFC 4954), Dovecot takes 8,192
MOST_LOGINS = 10  # of one smtpd, which has one at a time and abandons some
# What a client is asked for by the mechanisms of names and passwords.
LOGIN = [base64.b64encode(b"Username:"), base64.b64encode(b"Password:")]
PROMPTS = {b"PLAIN": [b""], b"LOGIN": LOGIN}


LinesHandler = Callable[[list[bytes]], None]


class Side(asyncio.Protocol):
    """One end of a conversation; it receives whole lines.

    The two callbacks are for changes and for the end. The first is called once the side
    is connected, and when its peer starts or stops reading too slowly. The second is
    called once the side is closed, which also happens when a line is too long.
    """

    transport: asyncio.Transport | None = None
    is_behind = False

    def __init__(self, on_lines: LinesHandler, *callbacks: Callable[[], None]) -> None:
        self._on_lines, (self._on_change, self._on_lost), self._rest = (
            on_lines,
            callbacks,
            b"",
        )
        self.opening: list[bytes] = []  # sent as soon as it is connected

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.say(self.opening)
        # Not at once: Python 3.11.2 starts to read after this, even if it was paused.
        asyncio.get_running_loop().call_soon(self._on_change)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, lines), default=0) > LONGEST or len(self._rest) > LONGEST:
            cast("asyncio.Transport", self.transport).abort()
        elif lines:
            self._on_lines(lines)

    def has_hung_up(self) -> bool:
        """Whether the peer has hung up, even if its last lines are still unread."""
        poll = select.poll()
        if self.transport:
            poll.register(self.transport.get_extra_info("socket"), select.POLLRDHUP)
        return bool(poll.poll(0))

    def say(self, lines: list[bytes]) -> None:
        if lines and self.transport and not self.transport.is_closing():
            self.transport.write(b"\n".join([*lines, b""]))

    def listen(self, *, now: bool) -> None:
        """Read on, or leave what arrives to the kernel, which makes the sender wait."""
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
    """PLAIN and LOGIN attempts; each is sent as PLAIN once the client has answered."""

    def __init__(self) -> None:
        self._has_plain = False
        # By the number of the question: mechanism, parameters, answers so far.
        self._open: dict[bytes, tuple[bytes, bytes, list[bytes]]] = {}

    def note(self, greeting: list[bytes]) -> None:
        """Note whether Dovecot offers PLAIN."""
        self._has_plain = any(line.startswith(b"MECH\tPLAIN\t") for line in greeting)

    def translate(self, line: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return the lines for Dovecot in place of this one, and those for Postfix."""
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
        """Prompt the client for what is missing; if nothing is, ask Dovecot."""
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
    """Return PLAIN's response (RFC 4616) from PLAIN's answer or LOGIN's two.

    None if the answers are not Base64, or contain a NUL.
    """
    with contextlib.suppress(binascii.Error):
        parts = [base64.b64decode(each, validate=True) for each in answers]
        if len(parts) == 1:
            return answers[0]
        if b"\0" not in b"".join(parts):
            return base64.b64encode(b"\0".join([b"", *parts]))
    return None


def sign_question(question: bytes, second: float) -> bytes:
    """Add our name and this time before the response; remove any other local_name."""
    asked, *response = question.partition(b"\tresp=")
    fields = [
        each for each in asked.split(b"\t") if not each.startswith(b"local_name=")
    ]
    return b"".join([b"\t".join([*fields, RELAY % second]), *response])


def make_refusal(fields: list[bytes]) -> bytes:
    """Return the FAIL that replaces an OK with these fields."""
    kept = [each for each in fields[1:] if each.startswith((b"user=", b"reason="))]
    return b"\t".join([b"FAIL", fields[0], *kept])


async def connect(path: str) -> socket.socket:
    """Return a connection to the socket at this path.

    Raises:
        OSError: nobody listens there.
    """
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(0)
    try:
        while True:
            with contextlib.suppress(BlockingIOError):  # its backlog is full
                line.connect(path)
                return line
            await asyncio.sleep(0.02)
    except BaseException:
        line.close()
        raise


repeats: dict[str, int] = {}  # by text: how often it was repeated within a second


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
