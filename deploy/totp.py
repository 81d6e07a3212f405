"""Compute codes in place of an authenticator app, for the demonstration.

Never use it for a real account: a second factor on the browser's machine is none.
"""

import sys
import time
from base64 import b32decode

from django_otp.oath import TOTP

PERIOD = 30  # seconds, as every authenticator app assumes (RFC 6238)


def main(arguments: list[str]) -> int:
    try:
        code, left = code_for("".join(arguments), at=time.time())
    except ValueError:
        print("make demo-code KEY=… (the key that the page shows)", file=sys.stderr)
        return 1
    print(f"{code}  (for {left} more seconds)")
    return 0


def code_for(key: str, *, at: float) -> tuple[str, int]:
    """Return the six digits for `key` in Base32, and the seconds that they last.

    By RFC 6238.

    Raises:
        ValueError: it is not a key in Base32.
    """
    letters = key.replace(" ", "").rstrip("=").upper()
    if not letters:
        raise ValueError(key)
    raw = b32decode(letters + "=" * (-len(letters) % 8))
    totp = TOTP(raw, step=PERIOD)
    totp.time = at
    return f"{totp.token():06}", PERIOD - int(at) % PERIOD


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
