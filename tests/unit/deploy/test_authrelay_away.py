"""What the relay does while Dovecot is away, and after it has stood still itself."""

import signal
import time
from collections.abc import Iterator

import pytest

from tests.unit.deploy.playedrelay import (
    HELLO,
    Line,
    Played,
    playing,
    question,
    time_of,
)

GIVEN_UP = 8.0  # seconds until the relay hangs up; Postfix has ten


@pytest.fixture
def played() -> Iterator[Played]:
    with playing() as played:
        yield played


def greeting(postfix: Line) -> list[bytes]:
    lines = [postfix.hear()]
    while lines[-1] != b"DONE":
        lines.append(postfix.hear())
        assert lines[-1]
    return lines


def is_answered(played: Played, postfix: Line) -> bool:
    """Whether Dovecot is asked what this Postfix asks, and answers."""
    dovecot = played.accept()
    dovecot.say(HELLO)
    while not (asked := dovecot.hear()).startswith(b"AUTH\t"):
        assert asked
    dovecot.say(b"OK\t1\tuser=a\n")
    return postfix.hear() == b"OK\t1\tuser=a"


@pytest.mark.parametrize("offer", [None, b"MECH\tPLAIN\tplaintext", b"MECH\tX"])
def test_postfix_is_greeted_while_dovecot_is_away(
    offer: bytes | None, played: Played
) -> None:
    """With what Dovecot offered last, but nothing that is another connection's."""
    if offer:
        played.begin(b"VERSION\t1\t2\n%b\nSPID\t7\nCUID\t3\nCOOKIE\tab\nDONE\n" % offer)
    played.end_dovecot()

    first, second = (greeting(played.connect()) for _ in range(2))

    usual = [b"MECH\tPLAIN\tplaintext", b"MECH\tLOGIN\tplaintext"]
    for lines in (first, second):
        assert lines[0] == b"VERSION\t1\t2"
        assert [line for line in lines if b"MECH" in line] == (
            [offer] if offer else usual
        )
        assert b"COOKIE\tab" not in lines
    assert {*first} & {*second} & {first[-2], first[-3]} == set()
    assert "no connection to Dovecot" in played.printed()


def test_a_dovecot_that_does_not_greet_is_not_waited_for(played: Played) -> None:
    postfix, dovecot = played.connect(), played.accept()
    own = greeting(postfix)
    assert own[-1] == b"DONE"

    dovecot.say(HELLO)
    postfix.say(question(1))
    while not (asked := dovecot.hear()).startswith(b"AUTH\t"):
        assert asked
    dovecot.say(b"OK\t1\tuser=a\n")

    assert postfix.hear() == b"OK\t1\tuser=a"  # Dovecot's own greeting came too late


def test_a_question_waits_for_dovecot_to_come_back(played: Played) -> None:
    played.end_dovecot()
    postfix = played.connect()
    greeting(postfix)
    postfix.say(b"VERSION\t1\t2\nCPID\t9\n" + question(1))
    time.sleep(2)

    played.start_dovecot()
    broken_off = played.accept()  # as by a Dovecot that ends as it begins
    broken_off.socket.close()

    assert is_answered(played, postfix)


def test_dovecot_that_stays_away_is_a_connection_that_ends(played: Played) -> None:
    played.end_dovecot()
    postfix = played.connect()
    greeting(postfix)
    start = time.monotonic()

    postfix.say(question(1))

    assert postfix.is_hung_up()
    assert GIVEN_UP - 1 < time.monotonic() - start < GIVEN_UP + 1.5


def test_who_has_hung_up_while_it_stood_still_is_not_asked_for(played: Played) -> None:
    (gone, unasked), (waiting, dovecot) = played.begin(), played.begin()
    played.process.send_signal(signal.SIGSTOP)
    gone.say(question(1))
    waiting.say(question(2))
    gone.socket.close()

    played.process.send_signal(signal.SIGCONT)

    assert dovecot.hear().startswith(b"AUTH\t2\t")
    assert unasked.is_hung_up()


def test_a_question_is_as_old_as_it_may_be_when_it_stood_still(played: Played) -> None:
    """Postfix has said 454 after ten seconds, and has not hung up."""
    postfix, dovecot = played.begin()
    time.sleep(1.5)
    played.process.send_signal(signal.SIGSTOP)
    stopped = time.time()
    postfix.say(question(1))
    time.sleep(4)

    played.process.send_signal(signal.SIGCONT)

    assert stopped - 2.5 < time_of(dovecot.hear()) <= stopped
    time.sleep(1)
    postfix.say(question(2))
    assert time_of(dovecot.hear()) > stopped + 2


def test_the_same_line_is_printed_once_a_second(played: Played) -> None:
    pairs = [played.begin() for _ in range(20)]
    for postfix, _ in pairs:
        postfix.say(question(1))
    assert [postfix.is_hung_up() for postfix, _ in pairs] == [True] * 20
    time.sleep(1.2)

    lines = [each for each in played.printed().splitlines() if "no answer" in each]
    assert lines[0].endswith("no answer of Dovecot's within 8 seconds")
    assert 1 < len(lines) < 4
    assert lines[1].endswith(" more)")
