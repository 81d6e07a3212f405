"""The mail servers' programs: this machine's, or those of another Debian in a folder.

MAIL_SERVERS=FOLDER has private mail hosts (deploy/mailhost.py) run Dovecot and Postfix
from there, so that a version can be tried that this machine's packages do not have;
`make debian13` makes such a folder. Everything else is this machine's: its processes,
network and files, its users and groups, Python and the databases.

A program of the folder runs in a mount namespace of its own. There the folder's /usr
and what configures it in /etc lie over this machine's. Only root can do that, and this
machine needs Dovecot and Postfix installed as well: for their users, and the folders
that are covered. The namespace ends with its last process, so that nothing stays
mounted, however a program ends.
"""

import os
from pathlib import Path

VARIABLE = "MAIL_SERVERS"
# Has everything: Debian's /bin, /lib and /sbin lead there. Covered last, so that it is
# this machine's mount(8) that does all of it.
ENTER = f"""
for path in /etc/alternatives /etc/dovecot /etc/ld.so.cache /etc/postfix /usr; do
  mount --bind "$0$path" "$path" || exit
done
unset {VARIABLE}
exec "$@"
"""


class MissingServersError(Exception):
    """The servers that were asked for cannot run; the text says why."""


def command(*words: str) -> list[str]:
    """Return the command that runs this one with the servers' programs.

    A program needs no path for it. It runs as the process that is started, without
    another between.

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
    """Return whether there is a file of this name, or one like it, where they are."""
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
