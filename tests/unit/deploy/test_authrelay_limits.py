"""What the relay does where there is too much, for too long, and at its end."""

import contextlib
import signal
import time

import pytest

from tests.patience import PATIENCE
from tests.unit.deploy.playedrelay import (
    HELLO,
    Played,
    playing,
    question,
)

GIVEN_UP = 8.0  # seconds until the relay hangs up; Postfix has ten
FILES = 40
MIB = 1 << 20


# --- too much, too long, too many -----------------------------------------------------


@pytest.mark.parametrize("who", ["Postfix", "Dovecot"])
@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_end_ends_it(who: str, end: bytes, played: Played) -> None:
    postfix, dovecot = played.begin()

    speaker = postfix if who == "Postfix" else dovecot
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        speaker.say(b"x" * 20_000 + end)

    assert postfix.is_hung_up()
    assert dovecot.is_hung_up()


def test_the_longest_lines_of_sasl_pass(played: Played) -> None:
    postfix, dovecot = played.begin()
    long = b"\tresp=" + b"A" * 12_288

    postfix.say(question(1, end=long))

    assert dovecot.hear().endswith(long)


@pytest.mark.parametrize("talk", ["questions", "logins", "answers"])
def test_who_does_not_read_is_not_read_for(talk: str, played: Played) -> None:
    """The sender waits, and nothing piles up in between."""
    postfix, dovecot = played.begin()
    speaker = dovecot if talk == "answers" else postfix
    text = {
        "questions": question(1, end=b"\tresp=" + b"A" * 4000),
        "logins": question(1, b"LOGIN"),
        "answers": b"NEWS\t" + b"A" * 4000 + b"\n",
    }[talk]
    before = played.memory()
    speaker.socket.settimeout(1)

    with pytest.raises(TimeoutError):
        speaker.say(text * (100 * MIB // len(text)))

    assert played.memory() - before < 8
    # And goes on as soon as it is read.
    listener = postfix if talk == "answers" else dovecot
    if talk != "logins":
        assert listener.hear()


def test_a_dovecot_whose_queue_is_full_is_waited_for(played: Played) -> None:
    played.end_dovecot()
    played.start_dovecot()
    played.dovecot.listen(1)

    postfixes = [played.connect() for _ in range(20)]

    for _ in postfixes:
        played.accept().say(HELLO)
    assert [postfix.hear() for postfix in postfixes] == [b"VERSION\t1\t2"] * 20


def is_served(played: Played) -> bool:
    """Whether somebody who connects is greeted, be it at the second attempt."""
    postfix, deadline = played.connect(), time.monotonic() + PATIENCE
    played.dovecot.settimeout(0.2)
    postfix.socket.settimeout(0.2)
    while time.monotonic() < deadline:
        with contextlib.suppress(TimeoutError, BrokenPipeError):
            played.accept().say(HELLO)  # perhaps to somebody who has gone
        with contextlib.suppress(TimeoutError):
            if postfix.hear():
                return True
            postfix = played.connect()
            postfix.socket.settimeout(0.2)
    return False


def test_too_many_files_neither_end_it_nor_keep_it_busy() -> None:
    with playing(FILES) as played:
        played.begin()
        crowd = [played.connect() for _ in range(2 * FILES)]
        time.sleep(1)
        before = played.seconds_used()
        time.sleep(2)
        assert played.seconds_used() - before < 0.5

        for each in crowd:
            each.socket.close()
        played.end_dovecot()
        played.start_dovecot()

        assert is_served(played)
        assert played.process.poll() is None
        assert "out of system resource" in played.printed()


# --- time, and the end ----------------------------------------------------------------


def test_who_waits_too_long_is_hung_up_on_before_postfix_gives_up(
    played: Played,
) -> None:
    postfix, dovecot = played.begin()
    postfix.say(question(1))
    dovecot.hear()
    start = time.monotonic()

    assert postfix.is_hung_up()

    assert GIVEN_UP - 1 < time.monotonic() - start < GIVEN_UP + 1.5
    assert dovecot.is_hung_up()
    assert "no answer of Dovecot's within 8 seconds" in played.printed()


def test_who_has_asked_nothing_may_be_silent(played: Played) -> None:
    postfix, dovecot = played.begin()
    postfix.say(question(1))
    dovecot.hear()
    dovecot.say(b"OK\t1\tuser=a\n")
    assert postfix.hear()

    time.sleep(GIVEN_UP + 1)

    postfix.say(question(2))
    assert dovecot.hear()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to_and_answers_what_was_asked(
    sign: signal.Signals, played: Played
) -> None:
    (silent, _), (asking, dovecot) = played.begin(), played.begin()
    asking.say(question(1))
    dovecot.hear()

    played.process.send_signal(sign)

    assert silent.is_hung_up()
    asking.say(question(2))  # too late
    time.sleep(0.5)
    dovecot.say(b"OK\t1\tuser=a\n")
    assert asking.hear() == b"OK\t1\tuser=a"
    assert asking.is_hung_up()
    assert played.process.wait(PATIENCE) == 0


def test_it_ends_though_nobody_answers(played: Played) -> None:
    asking, dovecot = played.begin()
    asking.say(question(1))
    dovecot.hear()
    start = time.monotonic()

    played.process.terminate()

    assert played.process.wait(PATIENCE) == 0
    assert time.monotonic() - start < GIVEN_UP + 2
    assert asking.is_hung_up()
