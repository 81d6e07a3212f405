"""Programs that do not outlive the process that started them."""

import os
from collections.abc import Sequence

# Whoever started us may have ended before the kernel was asked to tell us: then nobody
# will, and we have another parent already (prctl(2), PR_SET_PDEATHSIG).
EXEC_IF_PARENT_LIVES = 'test "$PPID" = "$0" || exit; exec "$@"'


def tie_to_parent(
    command: Sequence[str], *wishes: str, sign: str = "TERM"
) -> list[str]:
    """Return the command for a program that gets this signal when we end, however.

    To be started by this process itself, from a thread that stays. `wishes` are other
    options of setpriv(1), which it obeys before.
    """
    guard = ["sh", "-c", EXEC_IF_PARENT_LIVES, str(os.getpid())]
    return ["setpriv", *wishes, f"--pdeathsig={sign}", *guard, *command]
