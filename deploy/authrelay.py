"""Relay authentication between Postfix and Dovecot, with temporary failures kept.

    python3 authrelay.py /run/dovecot/auth-postfix    standard input: the socket

One process serves every smtpd of the host. It needs only Python. It relays the lines of
both sides (protocol 1.2, doc/wiki/Design.AuthProtocol.txt of Dovecot 2.3) with these
exceptions; docs/decisions/0014 says why:

- Postfix takes FAIL with code=temp_fail for "wrong password", and a server that hangs
  up for "temporary failure". So the relay hangs up.
- Postfix takes OK with "nologin" and a reason for a logon, but it means a right
  password that is refused. So the relay sends FAIL with the reason.
- Postfix waits ten seconds, then answers 454, and Dovecot never learns of it. So each
  question carries the second in which it was asked: portal.lua refuses after six
  seconds, and the relay hangs up after eight. The time that a client takes to answer a
  prompt of PLAIN or LOGIN does not count.
- Postfix serves nobody for a minute if it gets no greeting. So the relay greets it
  while Dovecot is away, and keeps trying to reach Dovecot.

Names and passwords pass through here; no line that this prints contains them.
"""

import asyncio
import contextlib
import errno
import itertools
import os
import signal
import socket
import sys
import time

from deploy.authlines import Logins, Side, connect, make_refusal, say, sign_question

PATIENCE = 8.0  # seconds for an answer; Postfix has ten, portal.lua has six
GREETING = 3.0  # seconds for Dovecot's greeting, before Postfix gets one of ours
RETRY = 0.5  # seconds until the next attempt to reach Dovecot
TICK = 1.0  # seconds between two signs that the process runs
MOST_EARLY = 10  # lines of one smtpd that are kept until Dovecot is there
BACKLOG = 1024
# The offer to Postfix until Dovecot has sent its own.
OFFER = [b"VERSION\t1\t2", b"MECH\tPLAIN\tplaintext", b"MECH\tLOGIN\tplaintext"]


def notify_systemd(state: str) -> None:
    """Send a state to systemd, as sd_notify(3) does; do nothing without it."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line,
    ):
        line.settimeout(0)
        line.sendto(
            state.encode(),
            address.replace("@", "\0", 1) if address[0] == "@" else address,
        )


class Conversation:
    """The questions of one smtpd, and their answers."""

    def __init__(self, relay: "Relay") -> None:
        self._relay, self._loop = relay, asyncio.get_running_loop()
        self._waiting: dict[bytes, asyncio.TimerHandle] = {}
        self._logins = Logins()
        self._is_last, self.over = False, asyncio.Event()
        self.postfix = Side(self._ask, self._control_flow, self.hang_up)
        # What Postfix sends before Dovecot's greeting is complete, and that greeting.
        self._early: list[bytes] = []
        self._greeting: list[bytes] = []
        self._is_greeted = self._is_ready = False
        self._dovecot = self._make_dovecot_side()
        self._joining: asyncio.Task[None] | None = None
        self._loop.call_later(GREETING, self._greet)

    def _make_dovecot_side(self) -> Side:
        side = Side(self._answer, self._control_flow, self._reconnect_or_hang_up)
        side.opening = self._early
        return side

    def _control_flow(self) -> None:
        """Read from each side only what can be passed on to the other."""
        self._joining = self._joining or self._loop.create_task(self._join())
        is_open = len(self._early) < MOST_EARLY and not self._is_last
        anybody = self._dovecot.is_behind or self.postfix.is_behind
        self.postfix.listen(now=is_open and not anybody)
        self._dovecot.listen(now=not self.postfix.is_behind)

    async def _join(self, pause: float = 0) -> None:
        """Connect to Dovecot."""
        await asyncio.sleep(pause)
        try:
            async with asyncio.timeout(PATIENCE):
                line = await connect(self._relay.dovecot)
            await self._loop.create_unix_connection(lambda: self._dovecot, sock=line)
        except OSError as error:
            if not self._is_greeted:
                say(f"no connection to Dovecot at {self._relay.dovecot}: {error!r}")
            self._reconnect_or_hang_up(
                is_hopeless=error.errno in {errno.EMFILE, errno.ENFILE}
            )
        if self.over.is_set():
            self.hang_up()

    def _reconnect_or_hang_up(self, *, is_hopeless: bool = False) -> None:
        """Hang up as Dovecot did, or connect again if it had not greeted us yet."""
        self._greet()
        if self._is_ready or is_hopeless or self.over.is_set():
            self.hang_up()
        else:
            self._greeting, self._dovecot = [], self._make_dovecot_side()
            self._joining = self._loop.create_task(self._join(RETRY))

    def _greet(self) -> None:
        """Send Postfix a greeting once: Dovecot's, or ours in its place."""
        if not self._is_greeted:
            self._is_greeted = True
            greeting = self._greeting if self._is_ready else self._relay.greeting()
            self._logins.note(greeting)
            self.postfix.say(greeting)

    def _ask(self, lines: list[bytes]) -> None:
        """Pass on the lines of Postfix, each question with our name and the time."""
        if self.postfix.has_hung_up():
            self.hang_up()
            return
        questions, asked = [], self._relay.earliest_arrival()
        for line in lines:
            question, prompt = self._logins.translate(line)
            self.postfix.say(prompt)
            for each in question:
                word, number, *_ = [*each.split(b"\t", 2), b""]
                if word in {b"AUTH", b"CONT"}:
                    self._wait(number)
                questions.append(
                    sign_question(each, asked) if word == b"AUTH" else each
                )
        self._dovecot.say(questions)
        if not self._is_ready:
            self._early += questions
            self._control_flow()

    def _begin(self, lines: list[bytes]) -> list[bytes]:
        """Take Dovecot's greeting up to its DONE; return the lines after it."""
        while lines and not self._is_ready:
            self._greeting.append(lines.pop(0))
            self._is_ready = self._greeting[-1].startswith(b"DONE")
        if self._is_ready:
            self._early.clear()
            self._relay.note(self._greeting)
            self._logins.note(self._greeting)
            self._greet()
            self._control_flow()
        return lines

    def _answer(self, lines: list[bytes]) -> None:
        """Pass on the lines of Dovecot, or hang up if it cannot decide."""
        answers: list[bytes] = []
        for line in lines if self._is_ready else self._begin(lines):
            word, *fields = line.split(b"\t")
            if word in {b"OK", b"FAIL", b"CONT"} and fields:
                self._wait_no_more(fields[0])
            if word == b"FAIL" and b"code=temp_fail" in fields:
                self._is_last = True
                continue
            # 2.3 sends "nologin", 2.4 "nologin=y".
            names = {each.partition(b"=")[0] for each in fields[1:]}
            is_explained = word == b"OK" and b"nologin" in names
            answers.append(make_refusal(fields) if is_explained else line)
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
        """Accept no more questions; hang up once the open ones are answered."""
        self._is_last = True
        self._control_flow()
        if not self._waiting:
            self.hang_up()

    def hang_up(self) -> None:
        """End it for both sides; Postfix answers 454 if it waits for something."""
        self.over.set()
        for number in [*self._waiting]:
            self._wait_no_more(number)
        if self._dovecot.transport:
            self._dovecot.transport.abort()
        if self.postfix.transport:
            self.postfix.transport.close()
        self._relay.forget(self)


class Relay:
    """All conversations of the process."""

    def __init__(self, dovecot: str) -> None:
        self.dovecot, self._offer, self._numbers = dovecot, OFFER, itertools.count(1)
        self._conversations: set[Conversation] = set()
        self._last_tick = self._next_tick = time.time()

    def note(self, greeting: list[bytes]) -> None:
        """Remember Dovecot's offer; the rest belongs to that connection only."""
        kept = (b"VERSION\t", b"MECH\t")
        self._offer = [line for line in greeting if line.startswith(kept)]

    def greeting(self) -> list[bytes]:
        """Return a greeting of our own, with Dovecot's last offer."""
        ours = b"SPID\t%d\nCUID\t%d" % (os.getpid(), next(self._numbers))
        return [
            *self._offer,
            ours,
            b"COOKIE\t" + os.urandom(16).hex().encode(),
            b"DONE",
        ]

    def earliest_arrival(self) -> float:
        """Return the earliest time at which what is read now can have arrived.

        It is long ago if this process was stopped.
        """
        now = time.time()
        return self._last_tick if now - self._last_tick > 2 * TICK else now

    def _tick(self) -> None:
        """Record that the process runs; after a stop, once the backlog is read."""
        now = time.time()
        stood_still = now - self._next_tick > TICK
        self._last_tick = self._last_tick if stood_still else now
        self._next_tick = now + (TICK / 10 if stood_still else TICK)
        notify_systemd("WATCHDOG=1")
        asyncio.get_running_loop().call_later(self._next_tick - now, self._tick)

    def forget(self, conversation: Conversation) -> None:
        """Drop a conversation that is over."""
        self._conversations.discard(conversation)

    def _begin(self) -> Side:
        conversation = Conversation(self)
        self._conversations.add(conversation)
        return conversation.postfix

    async def serve(self, listening: socket.socket) -> None:
        """Serve whoever connects, until SIGTERM or SIGINT.

        Then hang up on whoever has asked nothing, and answer the open questions first.
        """
        self._tick()
        loop, terminated = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, terminated.set)
        # Not create_unix_server: in Python 3.13 it removes systemd's socket at the end.
        server = await loop.create_server(self._begin, sock=listening, backlog=BACKLOG)
        notify_systemd("READY=1")
        await terminated.wait()
        notify_systemd("STOPPING=1")
        server.close()
        rest = [*self._conversations]
        for each in rest:
            each.finish()
        await asyncio.gather(*[each.over.wait() for each in rest])


if __name__ == "__main__":
    asyncio.run(Relay(sys.argv[1]).serve(socket.socket(fileno=sys.stdin.fileno())))
