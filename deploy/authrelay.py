"""Between Postfix and Dovecot: lets Postfix hear "try again later", and why not.

    python3 authrelay.py /run/dovecot/auth-postfix

When Dovecot cannot decide, because the database is away, it answers a logon with FAIL
and code=temp_fail. Postfix (3.7 at least) knows no such code and tells the client that
the password is wrong, whereupon mail programs ask for another. What it does understand
is an authentication server that hangs up: then it says 454, "temporary failure". So
this hangs up instead of passing on such an answer.

When the password is right and yet of no use in mail programs, our script has Dovecot
answer OK with "nologin" and a reason. Login processes of Dovecot take that for the
refusal it is; Postfix would take it for a logon. So this makes a FAIL of it, whose
reason Postfix tells the client. The script answers so only where it is told, in every
question and by a name that is of no other use, that it is asked through here.

Everything else is passed on as it is. Started by Postfix's spawn(8) for every smtpd
that wants to authenticate, with the connection as standard input and output. Needs
nothing but Python.
"""

import os
import socket
import sys
import threading

IDENTITY = b"local_name=portal-relay"  # portal.lua knows it


def main() -> None:
    """Relay until one side hangs up, or Dovecot has no answer for the moment."""
    with socket.socket(socket.AF_UNIX) as dovecot:
        dovecot.connect(sys.argv[1])
        threading.Thread(target=pass_on_questions, args=[dovecot], daemon=True).start()
        for line in dovecot.makefile("rb"):
            word, *fields = line.rstrip(b"\n").split(b"\t")
            if word == b"FAIL" and b"code=temp_fail" in fields:
                break
            is_told = word == b"OK" and b"nologin" in fields
            sys.stdout.buffer.write(refusal(fields) if is_told else line)
            sys.stdout.buffer.flush()
    os._exit(0)  # the other thread waits for a question that will not come


def pass_on_questions(dovecot: socket.socket) -> None:
    """Say in each question about a logon that it comes from here."""
    with open(sys.stdin.fileno(), "rb", closefd=False) as questions:
        for line in questions:
            dovecot.sendall(signed(line) if line.startswith(b"AUTH\t") else line)
    dovecot.shutdown(socket.SHUT_RDWR)


def signed(question: bytes) -> bytes:
    """Put our name behind the question's number and mechanism."""
    *beginning, rest = question.split(b"\t", 3)
    return b"\t".join([*beginning, IDENTITY, rest])


def refusal(fields: list[bytes]) -> bytes:
    """Refuse what these fields of an OK would let in."""
    told = [each for each in fields[1:] if each.startswith((b"user=", b"reason="))]
    return b"\t".join([b"FAIL", fields[0], *told]) + b"\n"


if __name__ == "__main__":
    main()
