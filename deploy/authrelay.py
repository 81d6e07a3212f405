"""The relay between Postfix and Dovecot: "try again later", and why not.

    python3 authrelay.py /run/dovecot/auth-postfix    on the socket that is its stdin

One process for every smtpd of the host, which needs nothing but Python. It passes on
line by line what both sides say (protocol 1.2, doc/wiki/Design.AuthProtocol.txt of
Dovecot 2.3), but for this; docs/decisions/0014 says why:

- Dovecot's "try again later", FAIL with code=temp_fail, is "wrong password" to Postfix.
  A server that hangs up is "temporary failure" to it. So this hangs up.
- An OK with "nologin" and a reason would be a logon to Postfix; the script means a
  right password that is refused. So this makes a FAIL of it, with the reason.
- Postfix waits ten seconds, says 454, and nobody tells Dovecot. So each question says
  who asks and in which second: portal.lua lets nobody in after six, and this hangs up
  after eight. PLAIN and LOGIN may have the client answer after the question. This waits
  for all of it and then asks by PLAIN: how long somebody types does not count.

Names and passwords pass through here, and are in no line that this prints.
"""

import asyncio
import base64
import binascii
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import cast

# portal.lua knows it, and reads the second behind it.
RELAY = b"local_name=portal-relay:%d"
PATIENCE = 8.0  # seconds for an answer; Postfix has ten, portal.lua has six
LONGEST = 16_384  # bytes of a line; SASL has 12,288 (RFC 4954), Dovecot takes 8,192
MOST_LOGINS = 10  # of one smtpd, which has one at a time, and breaks some off
BACKLOG = 1024
# What a client is asked for by the mechanisms of names and passwords.
LOGIN = [base64.b64encode(b"Username:"), base64.b64encode(b"Password:")]
PROMPTS = {b"PLAIN": [b""], b"LOGIN": LOGIN}

Heard = Callable[[list[bytes]], None]


class Side(asyncio.Protocol):
    """One end of a conversation, which hears whole lines.

    `lost` is called once it is closed, and when a line is too long; `changed` once it
    is connected, and when it begins or ceases to be behind with reading.
    """

    transport: asyncio.Transport | None = None
    is_behind = False

    def __init__(self, heard: Heard, *told: Callable[[], None]) -> None:
        self._heard, (self._changed, self._lost), self._rest = heard, told, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        # Not at once: after this, Python 3.11.2 begins to read, even what was paused.
        asyncio.get_running_loop().call_soon(self._changed)

    def data_received(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if max(map(len, lines), default=0) > LONGEST or len(self._rest) > LONGEST:
            self._lost()
        elif lines:
            self._heard(lines)

    def say(self, lines: list[bytes]) -> None:
        if lines and self.transport and not self.transport.is_closing():
            self.transport.write(b"\n".join([*lines, b""]))

    def listen(self, *, now: bool) -> None:
        """Read on, or leave what comes to the kernel, which has its sender wait."""
        if self.transport:
            (self.transport.resume_reading if now else self.transport.pause_reading)()

    def pause_writing(self) -> None:
        self.is_behind = True
        self._changed()

    def resume_writing(self) -> None:
        self.is_behind = False
        self._changed()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost()


class Conversation:
    """What one smtpd asks, and what it is told."""

    def __init__(self, relay: "Relay") -> None:
        self._relay, self._loop = relay, asyncio.get_running_loop()
        self._waiting: dict[bytes, asyncio.TimerHandle] = {}
        self._logins = Logins()
        self._is_last, self.over = False, asyncio.Event()
        self.postfix = Side(self._ask, self._regulate, self.hang_up)
        self._dovecot = Side(self._answer, self._regulate, self.hang_up)
        self._joining: asyncio.Task[None] | None = None

    def _regulate(self) -> None:
        """Take nothing from anybody that could not be passed on."""
        self._joining = self._joining or self._loop.create_task(self._join())
        is_open = bool(self._dovecot.transport) and not self._is_last
        anybody = self._dovecot.is_behind or self.postfix.is_behind
        self.postfix.listen(now=is_open and not anybody)
        self._dovecot.listen(now=not self.postfix.is_behind)

    async def _join(self) -> None:
        """Connect to Dovecot, or hang up."""
        try:
            async with asyncio.timeout(PATIENCE):
                line = await connected(self._relay.dovecot)
            await self._loop.create_unix_connection(lambda: self._dovecot, sock=line)
        except OSError as error:
            say(f"no connection to Dovecot at {self._relay.dovecot}: {error!r}")
            self.over.set()
        if self.over.is_set():
            self.hang_up()

    def _ask(self, lines: list[bytes]) -> None:
        """Pass on what Postfix says, each question with our name and the time."""
        questions = []
        for line in lines:
            question, prompt = self._logins.translated(line)
            self.postfix.say(prompt)
            for each in question:
                word, number, *_ = [*each.split(b"\t", 2), b""]
                if word in {b"AUTH", b"CONT"}:
                    self._wait(number)
                questions.append(signed(each) if word == b"AUTH" else each)
        self._dovecot.say(questions)

    def _answer(self, lines: list[bytes]) -> None:
        """Pass on what Dovecot says, or hang up where it cannot decide."""
        answers: list[bytes] = []
        for line in lines:
            word, *fields = line.split(b"\t")
            if word in {b"OK", b"FAIL", b"CONT"} and fields:
                self._wait_no_more(fields[0])
            if word == b"MECH":
                self._logins.note(fields)
            if word == b"FAIL" and b"code=temp_fail" in fields:
                self._is_last = True
                continue
            # 2.3 says "nologin", 2.4 "nologin=y".
            names = {each.partition(b"=")[0] for each in fields[1:]}
            is_told = word == b"OK" and b"nologin" in names
            answers.append(refusal(fields) if is_told else line)
        self.postfix.say(answers)
        if self._is_last:
            self.finish()

    def _wait(self, number: bytes) -> None:
        self._wait_no_more(number)
        self._waiting[number] = self._loop.call_later(PATIENCE, self._give_up)

    def _wait_no_more(self, number: bytes) -> None:
        if timer := self._waiting.pop(number, None):
            timer.cancel()

    def _give_up(self) -> None:
        say(f"no answer of Dovecot's within {PATIENCE:g} seconds")
        self.hang_up()

    def finish(self) -> None:
        """Take no more questions, and hang up once those under way are answered."""
        self._is_last = True
        self._regulate()
        if not self._waiting:
            self.hang_up()

    def hang_up(self) -> None:
        """End it for both sides: Postfix says 454 if it waits for something."""
        self.over.set()
        for number in [*self._waiting]:
            self._wait_no_more(number)
        if self._dovecot.transport:
            self._dovecot.transport.abort()
        if self.postfix.transport:
            self.postfix.transport.close()
        self._relay.forget(self)


class Logins:
    """PLAIN and LOGIN under way, each asked by PLAIN once the client has answered."""

    def __init__(self) -> None:
        self._has_plain = False
        # By the question's number: mechanism, parameters, and what was answered so far.
        self._open: dict[bytes, tuple[bytes, bytes, list[bytes]]] = {}

    def note(self, mechanism: list[bytes]) -> None:
        """Note that Dovecot offers this mechanism."""
        self._has_plain = self._has_plain or mechanism[:1] == [b"PLAIN"]

    def translated(self, line: bytes) -> tuple[list[bytes], list[bytes]]:
        """Return what to ask Dovecot in its place, and what to tell Postfix."""
        word, number, name, rest = (*line.split(b"\t", 3), b"", b"", b"")[:4]
        mechanism = name.upper()  # as the client wrote it
        if word == b"AUTH" and self._has_plain and mechanism in PROMPTS:
            parameters, _, first = (b"\t" + rest).partition(b"\tresp=")
            answers = [first] if first else []
            return self._go_on(number, (mechanism, parameters, answers))
        if word == b"CONT" and number in self._open:
            mechanism, parameters, answers = self._open.pop(number)
            answers.append(line.split(b"\t", 2)[2] if line.count(b"\t") > 1 else b"")
            return self._go_on(number, (mechanism, parameters, answers))
        return [line], []

    def _go_on(
        self, number: bytes, login: tuple[bytes, bytes, list[bytes]]
    ) -> tuple[list[bytes], list[bytes]]:
        """Ask the client for what is missing, or Dovecot if nothing is."""
        mechanism, parameters, answers = login
        if missing := PROMPTS[mechanism][len(answers) :]:
            self._open[number] = login
            if len(self._open) > MOST_LOGINS:
                del self._open[next(iter(self._open))]
            return [], [b"\t".join([b"CONT", number, missing[0]])]
        if (response := plain(answers)) is None:
            return [], [b"FAIL\t" + number + b"\treason=Invalid base64 data"]
        question = b"\t".join([b"AUTH", number, b"PLAIN"])
        return [question + parameters + b"\tresp=" + response], []


def plain(answers: list[bytes]) -> bytes | None:
    """Make PLAIN's answer (RFC 4616) of its own or LOGIN's two; None if it is none."""
    with contextlib.suppress(binascii.Error):
        parts = [base64.b64decode(each, validate=True) for each in answers]
        if len(parts) == 1:
            return answers[0]
        if b"\0" not in b"".join(parts):
            return base64.b64encode(b"\0".join([b"", *parts]))
    return None


def signed(question: bytes) -> bytes:
    """Put our name and the time behind the question's number and mechanism."""
    fields = question.split(b"\t", 3)
    fields.insert(3, RELAY % time.time())
    return b"\t".join(fields)


def refusal(fields: list[bytes]) -> bytes:
    """Refuse what these fields of an OK would let in."""
    told = [each for each in fields[1:] if each.startswith((b"user=", b"reason="))]
    return b"\t".join([b"FAIL", fields[0], *told])


async def connected(path: str) -> socket.socket:
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


class Relay:
    """All conversations, until the process is told to end."""

    def __init__(self, dovecot: str) -> None:
        self.dovecot = dovecot
        self._conversations: set[Conversation] = set()

    def forget(self, conversation: Conversation) -> None:
        """Drop one that is over."""
        self._conversations.discard(conversation)

    def _begin(self) -> Side:
        conversation = Conversation(self)
        self._conversations.add(conversation)
        return conversation.postfix

    async def serve(self, listening: socket.socket) -> None:
        """Serve whoever connects, until SIGTERM.

        Then who has asked nothing is hung up on, and who waits for an answer gets it.
        """
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told.set)
        # Not create_unix_server: in Python 3.13 it removes systemd's socket at its end.
        server = await loop.create_server(self._begin, sock=listening, backlog=BACKLOG)
        await told.wait()
        server.close()
        rest = [*self._conversations]
        for each in rest:
            each.finish()
        await asyncio.gather(*[each.over.wait() for each in rest])


def say(text: str) -> None:
    print(f"mailportal-relay: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    asyncio.run(Relay(sys.argv[1]).serve(socket.socket(fileno=sys.stdin.fileno())))
