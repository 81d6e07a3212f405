"""Permissions of the folders that portal and mail server share."""

import shutil
import stat
from pathlib import Path


def find_closed_folder(folder: Path) -> Path | None:
    """Return the first folder on the path that other users cannot enter, or None."""
    folder = folder.resolve()
    for each in (*reversed(folder.parents), folder):
        if each.exists() and not each.stat().st_mode & stat.S_IXOTH:
            return each
    return None


def share(file: Path, group: str) -> None:
    """Let a group read an SQLite file in write-ahead mode.

    Its readers write to the two files beside it. So the group may write in the folder,
    and every new file there belongs to the group.
    """
    folder = file.parent
    shutil.chown(folder, group=group)
    folder.chmod(0o2770)
    for each in folder.glob(f"{file.name}*"):
        shutil.chown(each, group=group)
        each.chmod(0o660)
