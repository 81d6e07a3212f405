"""Find the mail servers' programs: this machine's, or those of a Debian in a folder.

With MAIL_SERVERS=FOLDER, private mail hosts (deploy/mailhost.py) run Dovecot and
Postfix from that folder, in versions that this machine does not have. `make debian13`
creates such a folder. Everything else is this machine's: processes, network, files,
users and groups, Python and the databases.

A program of the folder runs in a mount namespace of its own, in which the folder's /usr
and its configuration in /etc cover this machine's. Only root can do that. This machine
needs Dovecot and Postfix installed as well: for their users, and for the folders that
are covered. The namespace ends with its last process, so nothing stays mounted.
"""

import os
from pathlib import Path

VARIABLE = "MAIL_SERVERS"
# /usr has all programs: Debian's /bin, /lib and /sbin lead there. It is covered last,
# so that this machine's mount(8) does all of it.
ENTER = f"""
for path in /etc/alternatives /etc/dovecot /etc/ld.so.cache /etc/postfix /usr; do
  mount --bind "$0$path" "$path" || exit
done
unset {VARIABLE}
exec "$@"
"""


class MissingServersError(Exception):
    """The servers of MAIL_SERVERS cannot run. The text says why."""


def command(*words: str) -> list[str]:
    """Return the command that runs these words with the servers' programs.

    A program needs no path. It is the started process itself, without a parent between.

    Raises:
        MissingServersError: MAIL_SERVERS names no such folder, or we are not root.
    """
    folder = _folder()
    if folder is None:
        return [*words]
    if os.geteuid() != 0:
        raise MissingServersError(f"{VARIABLE} is for root: it takes mounts")
    return ["unshare", "--mount", "sh", "-c", ENTER, str(folder), *words]


def root() -> Path:
    """Return the folder below which the servers' /usr is.

    Raises:
        MissingServersError: MAIL_SERVERS names no such folder.
    """
    return _folder() or Path("/")


def have(pattern: str) -> bool:
    """Whether the servers' system has a file that matches this pattern."""
    return any(root().glob(pattern.lstrip("/")))


def _folder() -> Path | None:
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    folder = Path(named).resolve()
    if not (folder / "usr" / "sbin" / "dovecot").exists():
        message = f"{VARIABLE}={named} has no mail servers: make debian13 makes some"
        raise MissingServersError(message)
    return folder
