"""The relay between Postfix and Dovecot: "try again later", and why not.

    python3 authrelay.py /run/dovecot/auth-postfix    on the socket that is its stdin

One process for every smtpd of the host, which needs nothing but Python. It passes on
line by line what both sides say (protocol 1.2, doc/wiki/Design.AuthProtocol.txt of
Dovecot 2.3), but for this; docs/decisions/0014 says why:

- FAIL with code=temp_fail is "wrong password" to Postfix. A server that hangs up is
  "temporary failure" to it. So this hangs up.
- OK with "nologin" and a reason would be a logon to Postfix, and means a right password
  that is refused. So this makes a FAIL of it, with the reason.
- Postfix waits ten seconds, says 454, and nobody tells Dovecot. So each question says
  in which second it was asked: portal.lua lets nobody in after six, and this hangs up
  after eight. What a client types after the question of PLAIN or LOGIN, is waited for.
- Postfix serves nobody for a minute if it is not greeted. So this does it itself while
  Dovecot is away, and goes on trying to reach it.

Names and passwords pass through here, and are in no line that this prints.
"""

import asyncio
import errno
import itertools
import os
import signal
import socket
import sys
import time

from deploy.authlines import Logins, Side, connect, make_refusal, say, sign_question

PATIENCE = 8.0  # seconds for an answer; Postfix has ten, portal.lua has six
GREETING = 3.0  # seconds for Dovecot's greeting, before Postfix hears one of ours
RETRY = 0.5  # seconds until Dovecot is tried again
TICK = 1.0  # seconds within which this notes that it does not stand still
MOST_EARLY = 10  # lines of one smtpd that are kept until Dovecot is there
BACKLOG = 1024
# What Dovecot offers, until it has said so.
OFFER = [b"VERSION\t1\t2", b"MECH\tPLAIN\tplaintext", b"MECH\tLOGIN\tplaintext"]


class Conversation:
    """What one smtpd asks, and what it is told."""

    def __init__(self, relay: "Relay") -> None:
        self._relay, self._loop = relay, asyncio.get_running_loop()
        self._waiting: dict[bytes, asyncio.TimerHandle] = {}
        self._logins = Logins()
        self._is_last, self.over = False, asyncio.Event()
        self.postfix = Side(self._ask, self._control_flow, self.hang_up)
        # What Postfix says before Dovecot's greeting is over, and that greeting.
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
        """Take nothing from anybody that could not be passed on."""
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
        """Hang up, as Dovecot has, or try again if it has not even greeted us."""
        self._greet()
        if self._is_ready or is_hopeless or self.over.is_set():
            self.hang_up()
        else:
            self._greeting, self._dovecot = [], self._make_dovecot_side()
            self._joining = self._loop.create_task(self._join(RETRY))

    def _greet(self) -> None:
        """Greet Postfix as Dovecot does, or in its place; once."""
        if not self._is_greeted:
            self._is_greeted = True
            greeting = self._greeting if self._is_ready else self._relay.greeting()
            self._logins.note(greeting)
            self.postfix.say(greeting)

    def _ask(self, lines: list[bytes]) -> None:
        """Pass on what Postfix says, each question with our name and the time."""
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
        """Take Dovecot's greeting, up to its DONE, and return what comes behind."""
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
        """Pass on what Dovecot says, or hang up where it cannot decide."""
        answers: list[bytes] = []
        for line in lines if self._is_ready else self._begin(lines):
            word, *fields = line.split(b"\t")
            if word in {b"OK", b"FAIL", b"CONT"} and fields:
                self._wait_no_more(fields[0])
            if word == b"FAIL" and b"code=temp_fail" in fields:
                self._is_last = True
                continue
            # 2.3 says "nologin", 2.4 "nologin=y".
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
        """Take no more questions, and hang up once those under way are answered."""
        self._is_last = True
        self._control_flow()
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


class Relay:
    """All conversations, until the process is told to end."""

    def __init__(self, dovecot: str) -> None:
        self.dovecot, self._offer, self._numbers = dovecot, OFFER, itertools.count(1)
        self._conversations: set[Conversation] = set()
        self._last_tick = self._next_tick = time.time()

    def note(self, greeting: list[bytes]) -> None:
        """Remember what Dovecot offers; the rest belongs to that connection alone."""
        kept = (b"VERSION\t", b"MECH\t")
        self._offer = [line for line in greeting if line.startswith(kept)]

    def greeting(self) -> list[bytes]:
        """Return one of our own, with what Dovecot offered last."""
        ours = b"SPID\t%d\nCUID\t%d" % (os.getpid(), next(self._numbers))
        return [
            *self._offer,
            ours,
            b"COOKIE\t" + os.urandom(16).hex().encode(),
            b"DONE",
        ]

    def earliest_arrival(self) -> float:
        """Return since when what is read now may wait: for long if we stood still."""
        now = time.time()
        return self._last_tick if now - self._last_tick > 2 * TICK else now

    def _tick(self) -> None:
        """Note that we do not stand still; after we did, once what waited is read."""
        now = time.time()
        stood_still = now - self._next_tick > TICK
        self._last_tick = self._last_tick if stood_still else now
        self._next_tick = now + (TICK / 10 if stood_still else TICK)
        asyncio.get_running_loop().call_later(self._next_tick - now, self._tick)

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
        self._tick()
        loop, terminated = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, terminated.set)
        # Not create_unix_server: in Python 3.13 it removes systemd's socket at its end.
        server = await loop.create_server(self._begin, sock=listening, backlog=BACKLOG)
        await terminated.wait()
        server.close()
        rest = [*self._conversations]
        for each in rest:
            each.finish()
        await asyncio.gather(*[each.over.wait() for each in rest])


if __name__ == "__main__":
    asyncio.run(Relay(sys.argv[1]).serve(socket.socket(fileno=sys.stdin.fileno())))
