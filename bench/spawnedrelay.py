"""The relay for one smtpd that authrelay.py replaced, for comparison.

    python3 spawnedrelay.py /run/dovecot/auth-postfix

Postfix's spawn(8) started it with the smtpd's connection as standard input and output.
"""

import os
import socket
import sys
import threading

IDENTITY = b"local_name=portal-relay"


def main() -> None:
    """Relay until one side hangs up, or Dovecot reports a temporary failure."""
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
    """Pass on the questions, each with the name of this relay."""
    with open(sys.stdin.fileno(), "rb", closefd=False) as questions:
        for line in questions:
            dovecot.sendall(sign_question(line) if line.startswith(b"AUTH\t") else line)
    dovecot.shutdown(socket.SHUT_RDWR)


def sign_question(question: bytes) -> bytes:
    """Put our name behind the question's number and mechanism."""
    *beginning, measure_rest = question.split(b"\t", 3)
    return b"\t".join([*beginning, IDENTITY, measure_rest])


if __name__ == "__main__":
    main()
