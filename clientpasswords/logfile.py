"""A log file read to its end again and again, whatever becomes of it meanwhile."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Position:
    """How far a log was read: which file, and the byte after the last line."""

    inode: int = 0
    offset: int = 0


class LogFile:
    """The lines of a log that is rotated by renaming it, or by truncating it.

    What was written to the renamed file before the new one appeared is read first, also
    after a restart, as long as it lies beside the new one.
    """

    def __init__(self, path: Path, position: Position) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self.position = position

    def read(self, most: int) -> list[str]:
        """Return up to `most` whole lines not read yet, and move `position` past them.

        An empty list means that there is nothing to read now.
        """
        if self._file is None and not self._open():
            return []
        # Looked at first: once the new file has lines, the old one gets no more.
        replaced = self._was_replaced()
        lines = self._whole_lines(most)
        if lines or not replaced:
            return lines
        self.close()
        self.position = Position()
        return self.read(most)

    def close(self) -> None:
        """Let go of the file; the next `read` opens it where it was left."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        """Open the file that the position belongs to, or else the present one."""
        for path in [
            self._path,
            *sorted(self._path.parent.glob(f"{self._path.name}*")),
        ]:
            if path.is_file() and path.stat().st_ino == self.position.inode:
                self._file = path.open("rb")
                return True
        if not self._path.is_file():
            return False
        self._file = self._path.open("rb")
        self.position = Position(self._path.stat().st_ino, 0)
        return True

    def _whole_lines(self, most: int) -> list[str]:
        file = self._file
        if file is None:
            return []
        if file.seek(0, 2) < self.position.offset:  # truncated
            self.position = Position(self.position.inode, 0)
        file.seek(self.position.offset)
        lines: list[bytes] = []
        for line in file:
            if not line.endswith(b"\n") or len(lines) == most:
                break
            lines.append(line)
        read = sum(map(len, lines))
        self.position = Position(self.position.inode, self.position.offset + read)
        return [line.rstrip(b"\r\n").decode(errors="replace") for line in lines]

    def _was_replaced(self) -> bool:
        """Whether another file has the name now, and something in it."""
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return there.st_ino != self.position.inode and there.st_size > 0
