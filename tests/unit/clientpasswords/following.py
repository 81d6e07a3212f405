"""Helpers for a log that grows and the follower that reads it."""

from collections.abc import Callable
from pathlib import Path

from clientpasswords.models import Logon
from clientpasswords.usage.follower import Follower

Follow = Callable[[Path], Follower]


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def catch_up(reader: Follower) -> None:
    while reader.poll():
        pass
    reader.flush()


def total() -> int:
    return sum(Logon.objects.values_list("count", flat=True))
