"""Five hundred smtpd at once, each with four logons under way."""

import base64
import re
import resource

from tests.unit.deploy.playedrelay import HELLO, Line, playing, question

MANY = 500
FILES = 4 * MANY  # two of the relay's for each, and some
KINDS = ("right", "wrong", "temporary", "told")
ASKED = re.compile(rb"AUTH\t(\d+)\tPLAIN\t.*\tresp=(\S+)")


def ask(postfix: Line, number: int) -> None:
    """Ask for all four logons of this smtpd's own client."""
    for place, kind in enumerate(KINDS):
        response = base64.b64encode(f"\0{kind}-{number}\0secret".encode())
        postfix.say(question(number + place, end=b"\tresp=" + response))


def answer(dovecot: Line) -> None:
    """Answer four questions, the last one first, by what was asked."""
    answers = []
    for _ in KINDS:
        found = ASKED.fullmatch(dovecot.hear())
        assert found
        number, name = found[1], base64.b64decode(found[2]).split(b"\0")[1]
        ends = {
            b"right": b"OK\t%b\tuser=%b\n",
            b"wrong": b"FAIL\t%b\tuser=%b\n",
            b"temporary": b"FAIL\t%b\tuser=%b\tcode=temp_fail\n",
            b"told": b"OK\t%b\tuser=%b\tnologin\treason=why\n",
        }
        answers.append(ends[name.partition(b"-")[0]] % (number, name))
    dovecot.say(b"".join(reversed(answers)))


def test_five_hundred_at_once_are_never_mixed_up() -> None:
    usual, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(usual, FILES), most))
    with playing(FILES, is_enough=True) as played:
        played.dovecot.listen(MANY)
        postfixes = [played.connect() for _ in range(MANY)]
        dovecots = [played.accept() for _ in range(MANY)]
        for dovecot in dovecots:
            dovecot.say(HELLO)
        for number, postfix in enumerate(postfixes):
            assert [postfix.hear() for _ in HELLO.splitlines()] == HELLO.splitlines()
            ask(postfix, number)
        for dovecot in dovecots:
            answer(dovecot)

        for number, postfix in enumerate(postfixes):
            assert [postfix.hear() for _ in KINDS] == [
                b"FAIL\t%d\tuser=told-%d\treason=why" % (number + 3, number),
                b"FAIL\t%d\tuser=wrong-%d" % (number + 1, number),
                b"OK\t%d\tuser=right-%d" % (number, number),
                b"",  # the temporary failure
            ]
        assert played.memory() < 32
