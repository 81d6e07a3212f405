"""Start programs that do not outlive the process that started them."""

import os
from collections.abc import Sequence

# The parent may end before the kernel is asked for the signal. Then the signal never
# comes, and the process has another parent already (prctl(2), PR_SET_PDEATHSIG).
EXEC_IF_PARENT_LIVES = 'test "$PPID" = "$0" || exit; exec "$@"'


def tie_to_parent(
    command: Sequence[str], *wishes: str, sign: str = "TERM"
) -> list[str]:
    """Return the command for a program that gets this signal when this process ends.

    This process itself must start it, from a thread that stays. `wishes` are further
    options of setpriv(1).
    """
    guard = ["sh", "-c", EXEC_IF_PARENT_LIVES, str(os.getpid())]
    return ["setpriv", *wishes, f"--pdeathsig={sign}", *guard, *command]
