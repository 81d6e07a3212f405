"""A log file read to its end again and again, whatever becomes of it meanwhile."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

COMPRESSED = {".gz", ".bz2", ".xz", ".zst"}


@dataclass(frozen=True)
class Position:
    """How far a log was read: which file, and the byte after the last line.

    `head` is the digest of its first line. Another file has another one, though it got
    the number of a deleted file, or was truncated and has grown past `offset` since.
    """

    inode: int = 0
    offset: int = 0
    head: str = ""


class LogFile:
    """The lines of a log that is rotated by renaming it, or by truncating it.

    What was written to renamed files before the present one appeared is read first,
    also after a restart, as long as they lie beside it and are not compressed.
    """

    def __init__(self, path: Path, position: Position) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.position = position
        # Whether `read` has read all there was, and whether some was gone before it.
        self.is_at_end = False
        self.has_gap = False

    def read(self, limit: int) -> list[str]:
        """Return up to `most` whole lines not read yet, and move `position` past them.

        An empty list means that there is nothing to read now.
        """
        self.is_at_end = False
        if self._file is None and not self._open():
            return []
        # Looked at first: once the new file has lines, the old one gets no more.
        is_replaced = self._is_replaced()
        lines = self._read_lines(limit)
        if lines or not is_replaced:
            self.is_at_end = not is_replaced and len(lines) < limit
            return lines
        self.position = self._successor()
        self.close()
        return self.read(limit)

    def close(self) -> None:
        """Let go of the file; the next `read` opens it where it was left."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        """Open the file that the position belongs to, or else the present one."""
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
        """The log, and those that lie beside it and had its name before."""
        beside = sorted(self._path.parent.glob(f"{self._path.name}?*"))
        files = (path for path in beside if path.suffix not in COMPRESSED)
        return [path for path in [self._path, *files] if path.is_file()]

    def _successor(self) -> Position:
        """The start of the file that was written after the open one.

        Several may have been, if nobody read for long.
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
        """Whether what was read of it is still there."""
        if file.seek(0, 2) < self.position.offset:
            return False
        # Files of which the first line was not noted are known by their number alone.
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
        """Whether another file has the name now, and something in it."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return there.st_ino != self.position.inode and there.st_size > 0


def _head_digest(file: BinaryIO) -> str:
    """Return the digest of the first line; the next read has to seek first."""
    file.seek(0)
    return hashlib.sha256(file.readline(1000)).hexdigest()
