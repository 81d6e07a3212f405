"""Between Postfix and Dovecot: lets Postfix hear "try again later".

    python3 authrelay.py /run/dovecot/auth-postfix

When Dovecot cannot decide, because the database is away, it answers a logon with FAIL
and code=temp_fail. Postfix (3.7 at least) knows no such code and tells the client that
the password is wrong, whereupon mail programs ask for another. What it does understand
is an authentication server that hangs up: then it says 454, "temporary failure". So
this passes everything on as it is, and hangs up instead of passing on such an answer.

Started by Postfix's spawn(8) for every smtpd that wants to authenticate, with the
connection as standard input and output. Needs nothing but Python.
"""

import os
import socket
import sys
import threading


def main() -> None:
    """Relay until one side hangs up, or Dovecot has no answer for the moment."""
    with socket.socket(socket.AF_UNIX) as dovecot:
        dovecot.connect(sys.argv[1])
        threading.Thread(target=pass_on_questions, args=[dovecot], daemon=True).start()
        for line in dovecot.makefile("rb"):
            word, *fields = line.rstrip(b"\n").split(b"\t")
            if word == b"FAIL" and b"code=temp_fail" in fields:
                break
            sys.stdout.buffer.write(line)
            sys.stdout.buffer.flush()
    os._exit(0)  # the other thread waits for a question that will not come


def pass_on_questions(dovecot: socket.socket) -> None:
    while question := os.read(sys.stdin.fileno(), 65536):
        dovecot.sendall(question)
    dovecot.shutdown(socket.SHUT_RDWR)


if __name__ == "__main__":
    main()
