"""What Postfix and Dovecot hear of each other through the relay.

The relay is the real one, as a process; both sides are played here, word by word.
"""

import base64
import signal
import time
from collections.abc import Callable

import pytest

from tests.unit.deploy.playedrelay import (
    ASKED,
    HELLO,
    NAME,
    PASSWORD,
    RESPONSE,
    Line,
    Played,
    question,
    time_of,
    unsigned,
)

GIVEN_UP = 8.0  # seconds until the relay hangs up; Postfix has ten
FILES = 40
MIB = 1 << 20


# --- what is passed on, and how -------------------------------------------------------


def test_a_question_says_who_asks_and_when(played: Played) -> None:
    postfix, dovecot = played.begin()

    postfix.say(question(1, end=b"\tresp=" + RESPONSE))

    asked = dovecot.hear()
    assert abs(time_of(asked) - time.time()) < 5
    assert unsigned(asked) + b"\n" == question(1)


@pytest.mark.parametrize("end", [b"", b"\tresp=" + RESPONSE])
def test_another_name_in_a_question_does_not_win(end: bytes, played: Played) -> None:
    postfix, dovecot = played.begin()

    forged = b"\tlocal_name=portal-relay:1\tlocal_name=x"
    postfix.say(question(1, b"SCRAM-SHA-1", forged + end))

    asked = dovecot.hear()
    assert asked.count(b"local_name=") == 1
    assert abs(time_of(asked) - time.time()) < 5


def test_a_question_of_no_parameters_is_signed_behind_its_mechanism(
    played: Played,
) -> None:
    postfix, dovecot = played.begin()

    postfix.say(b"AUTH\t1\tSCRAM-SHA-1\n")

    asked = dovecot.hear()
    assert asked.startswith(b"AUTH\t1\tSCRAM-SHA-1\tlocal_name=portal-relay:")


@pytest.mark.parametrize(
    "answer",
    [
        b"OK\t1\tuser=alice@example.com~7",
        b"FAIL\t1\tuser=alice@example.com\treason=nologin",
        b"FAIL\t1\tuser=alice@example.com\tcode=user_disabled",
        b"CONT\t1\tabcd",
        b"NEWS\tof\ta\tlater\tversion",
        b"OK",
    ],
)
def test_what_needs_no_change_is_passed_on_as_it_is(
    answer: bytes, played: Played
) -> None:
    postfix, dovecot = played.begin()
    postfix.say(question(1, b"SCRAM-SHA-1", b"\tresp=abcd"))
    dovecot.hear()

    dovecot.say(answer + b"\nEND\n")

    assert [postfix.hear(), postfix.hear()] == [answer, b"END"]
    postfix.say(b"CONT\t1\tefgh\nCANCEL\t1\n")
    assert [dovecot.hear(), dovecot.hear()] == [b"CONT\t1\tefgh", b"CANCEL\t1"]


def test_nothing_is_lost_that_is_said_before_dovecot_is_there(played: Played) -> None:
    """Dovecot would write the next line into its log, password and all."""
    for _ in range(20):
        postfix = played.connect()
        postfix.say(b"VERSION\t1\t2\nCPID\t9\n")

    for _ in range(20):
        dovecot = played.accept()
        assert [dovecot.hear(), dovecot.hear()] == [b"VERSION\t1\t2", b"CPID\t9"]


def test_lines_may_come_in_pieces(played: Played) -> None:
    postfix, dovecot = played.begin()

    for byte in question(1, end=b"\tresp=" + RESPONSE):
        postfix.say(bytes([byte]))
    assert dovecot.hear().endswith(b"\tresp=" + RESPONSE)
    for byte in b"OK\t1\tuser=a\n":
        dovecot.say(bytes([byte]))

    assert postfix.hear() == b"OK\t1\tuser=a"


@pytest.mark.parametrize("word", [b"nologin", b"nologin=y", b"nologin="])
def test_who_may_not_log_on_is_refused_with_the_reason(
    word: bytes, played: Played
) -> None:
    postfix, dovecot = played.begin()
    postfix.say(question(1))
    dovecot.hear()

    dovecot.say(b"OK\t1\tuser=a\tpass=x\t" + word + b"\treason=No, nologin.\thome=/\n")

    assert postfix.hear() == b"FAIL\t1\tuser=a\treason=No, nologin."


def test_try_again_later_is_a_connection_that_ends(played: Played) -> None:
    postfix, dovecot = played.begin()
    postfix.say(question(1))
    dovecot.hear()

    dovecot.say(b"FAIL\t1\tuser=a\tcode=temp_fail\n")

    assert postfix.is_hung_up()
    assert dovecot.is_hung_up()


def test_what_else_was_asked_is_answered_before(played: Played) -> None:
    postfix, dovecot = played.begin()
    for number in range(1, 5):
        postfix.say(question(number))
        dovecot.hear()

    dovecot.say(b"OK\t3\tuser=c\nFAIL\t2\tcode=temp_fail\nFAIL\t4\tuser=d\n")
    assert [postfix.hear(), postfix.hear()] == [b"OK\t3\tuser=c", b"FAIL\t4\tuser=d"]
    dovecot.say(b"OK\t1\tuser=a\n")

    assert postfix.hear() == b"OK\t1\tuser=a"
    assert postfix.is_hung_up()


@pytest.mark.parametrize("who", ["Postfix", "Dovecot"])
def test_who_hangs_up_ends_it_for_the_other(who: str, played: Played) -> None:
    ends = dict(zip(("Postfix", "Dovecot"), played.begin(), strict=True))
    for name, end in ends.items():
        if name == who:
            end.socket.close()

    others = [end for name, end in ends.items() if name != who]
    assert [end.is_hung_up() for end in others] == [True]


# --- PLAIN and LOGIN ------------------------------------------------------------------


def encoded(text: bytes) -> bytes:
    return base64.b64encode(text)


# What the client is asked for, what it answers, and which of that it may say at once.
EXCHANGES = {
    b"PLAIN": [(b"", RESPONSE)],
    b"LOGIN": [
        (encoded(b"Username:"), encoded(NAME)),
        (encoded(b"Password:"), encoded(PASSWORD)),
    ],
}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("case", [bytes.upper, bytes.lower, bytes.title])
@pytest.mark.parametrize("mechanism", EXCHANGES)
def test_plain_and_login_are_asked_by_plain_when_they_are_complete(
    mechanism: bytes, case: Callable[[bytes], bytes], played: Played, *, at_once: bool
) -> None:
    postfix, dovecot = played.begin()
    exchange, first = list(EXCHANGES[mechanism]), b""
    began = time.time()

    if at_once:
        first = b"\tresp=" + exchange.pop(0)[1]
    postfix.say(question(5, case(mechanism), first))
    for asked_for, answer in exchange:
        assert postfix.hear() == b"CONT\t5\t" + asked_for
        time.sleep(1.1)
        postfix.say(b"CONT\t5\t" + answer + b"\n")

    asked = dovecot.hear()
    assert time_of(asked) >= int(began) + len(exchange), "how long one types counts"
    assert asked.startswith(b"AUTH\t5\tPLAIN\t")
    assert unsigned(asked).endswith(ASKED + b"\tresp=" + RESPONSE)


@pytest.mark.parametrize("answer", [b"no base64!", encoded(b"a\0b"), b"YQ=", b"Y\tQ"])
def test_what_is_no_answer_to_login_is_refused(answer: bytes, played: Played) -> None:
    postfix, _ = played.begin()
    postfix.say(question(5, b"LOGIN", b"\tresp=" + encoded(NAME)))
    postfix.hear()

    postfix.say(b"CONT\t5\t" + answer + b"\n")

    assert postfix.hear() == b"FAIL\t5\treason=Invalid base64 data"


def test_where_dovecot_has_no_plain_login_is_passed_on(played: Played) -> None:
    postfix, dovecot = played.begin(HELLO.replace(b"MECH\tPLAIN\tplaintext\n", b""))

    postfix.say(question(1, b"LOGIN"))

    assert unsigned(dovecot.hear()) + b"\n" == question(1, b"LOGIN")


def test_exchanges_that_are_broken_off_are_forgotten(played: Played) -> None:
    postfix, dovecot = played.begin()
    for number in range(1, 21):
        postfix.say(question(number, b"LOGIN"))
        postfix.hear()

    postfix.say(b"CONT\t1\tabcd\nCONT\t20\tabcd\n")

    assert dovecot.hear() == b"CONT\t1\tabcd"
    assert postfix.hear() == b"CONT\t20\t" + encoded(b"Password:")


# --- while Dovecot is away ------------------------------------------------------------


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
