"""Ask Dovecot for many refused logons at once, as one of its login processes does.

    python3 burst.py NUMBER NAME ADDRESS same|different

In the container, as root, with the same wrong password or as many different ones:
prints how many were refused, not counting those that were told to try again later.
"""

import base64
import socket
import sys
import time

PATIENCE = 60.0  # seconds


def answers(name: str, passwords: list[str], fields: list[str]) -> list[bytes]:
    """Return the answer to each; an empty one where Dovecot hung up."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(PATIENCE)
        line.connect("/run/dovecot/auth-client")
        file = line.makefile("rwb", buffering=0)
        file.write(b"VERSION\t1\t2\nCPID\t999999\n")
        while not (said := file.readline()).startswith(b"DONE"):
            if not said:
                return [b""]
        for number, password in enumerate(passwords, 1):
            proof = base64.b64encode(f"\0{name}\0{password}".encode()).decode()
            words = ["AUTH", str(number), "PLAIN", *fields, f"resp={proof}"]
            file.write("\t".join(words).encode() + b"\n")
        return [file.readline() for _ in passwords]


def main() -> None:
    number, name, address, kind = sys.argv[1:]
    passwords = [f"wrong {each}" for each in range(int(number))]
    if kind == "same":
        passwords = passwords[:1] * len(passwords)
    # What 2.3 calls a service is a protocol in 2.4.
    fields = ["service=imap", "protocol=imap", "secured", "lip=203.0.113.5"]
    fields.append(f"rip={address}")
    deadline = time.monotonic() + PATIENCE
    heard = [b""]
    # A process that was told to end hangs up; login processes ask the next.
    while b"" in heard and time.monotonic() < deadline:
        try:
            heard = answers(name, passwords, fields)
        except ConnectionError:
            time.sleep(0.05)
    refused = [each for each in heard if each.startswith(b"FAIL")]
    decided = [each for each in refused if b"code=temp_fail" not in each]
    sys.stdout.write(f"{len(decided)}\n")


if __name__ == "__main__":
    main()
