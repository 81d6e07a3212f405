"""Read new lines of a log file, through rotation and truncation."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}


@dataclass(frozen=True)
class Position:
    """How far a log was read: the inode, and the offset after the last line read.

    `head` is the digest of the first line. It differs for another file that got the
    inode of a deleted one, or that was truncated and has grown past `offset` since.
    """

    inode: int = 0
    offset: int = 0
    head: str = ""


class LogFile:
    """The lines of a log that is rotated by renaming or truncating it.

    The rest of renamed files is read before the current file, also after a restart, as
    long as they are in the same folder and not compressed.
    """

    def __init__(self, path: Path, position: Position) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.position = position
        # Whether `read` reached the end, and whether lines were lost before it.
        self.is_at_end = False
        self.has_gap = False

    def read(self, limit: int) -> list[str]:
        """Return up to `limit` complete new lines, and move `position` past them.

        An empty list means that there is nothing to read now.
        """
        self.is_at_end = False
        if self._file is None and not self._open():
            return []
        # Checked before reading: once the new file has lines, the old one gets no more.
        is_replaced = self._is_replaced()
        lines = self._read_lines(limit)
        if lines or not is_replaced:
            self.is_at_end = not is_replaced and len(lines) < limit
            return lines
        self.position = self._successor()
        self.close()
        return self.read(limit)

    def close(self) -> None:
        """Close the file; the next `read` opens it at the same position."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        """Open the file of the position, or else the current file."""
        for path in self._files():
            if path.stat().st_ino == self.position.inode:
                file = path.open("rb")
                if self._is_same_file(file):
                    self._file = file
                    return True
                file.close()
        if not self._path.is_file():
            return False
        self.has_gap |= self.position != Position()
        self._file = self._path.open("rb")
        self.position = Position(self._path.stat().st_ino)
        return True

    def _files(self) -> list[Path]:
        """Return the log, and its rotated files that are not compressed."""
        beside = sorted(self._path.parent.glob(f"{self._path.name}?*"))
        files = (path for path in beside if path.suffix not in COMPRESSED)
        return [path for path in [self._path, *files] if path.is_file()]

    def _successor(self) -> Position:
        """Return the start of the file that was written after the open one.

        There are several if the log was not read for a long time.
        """
        if self._file is None:
            return Position()
        end = os.fstat(self._file.fileno()).st_mtime_ns
        later = [
            stat
            for path in self._files()
            if (stat := path.stat()).st_mtime_ns > end
            and stat.st_ino != self.position.inode
        ]
        beside = self._path.parent.glob(f"{self._path.name}?*")
        packed = (path for path in beside if path.suffix in COMPRESSED)
        self.has_gap |= any(path.stat().st_mtime_ns > end for path in packed)
        oldest = min(later, key=lambda stat: stat.st_mtime_ns, default=None)
        return Position(oldest.st_ino) if oldest else Position()

    def _is_same_file(self, file: BinaryIO) -> bool:
        """Whether the file still has what was read of it."""
        if file.seek(0, 2) < self.position.offset:
            return False
        # Positions without a digest are compared by inode alone.
        return not self.position.offset or self.position.head in (
            "",
            _head_digest(file),
        )

    def _read_lines(self, limit: int) -> list[str]:
        file = self._file
        if file is None:
            return []
        if not self._is_same_file(file):  # truncated
            self.position = Position(self.position.inode)
        file.seek(self.position.offset)
        lines: list[bytes] = []
        for line in file:
            if not line.endswith(b"\n") or len(lines) == limit:
                break
            lines.append(line)
        if lines:
            self.position = Position(
                self.position.inode,
                self.position.offset + sum(map(len, lines)),
                self.position.head or _head_digest(file),
            )
        return [line.rstrip(b"\r\n").decode(errors="replace") for line in lines]

    def _is_replaced(self) -> bool:
        """Whether another file has the name now, and is not empty."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return there.st_ino != self.position.inode and there.st_size > 0


def _head_digest(file: BinaryIO) -> str:
    """Return the digest of the first line. Seek before the next read."""
    file.seek(0)
    return hashlib.sha256(file.readline(1000)).hexdigest()
