"""Reading what we write for Dovecot: blocks, settings, and the variables in SQL."""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

NAMES = tomllib.loads(Path(__file__).with_name("dovecot24.toml").read_text())
SETTINGS = frozenset(NAMES["settings"])

VARIABLE = re.compile(r"%\{([^}]*)\}")
# The filters that our queries use, as they are written there.
FILTERS: Mapping[str, Callable[[bytes], bytes]] = {
    "lower": bytes.lower,
    "sha256": lambda value: hashlib.sha256(value).digest(),
    "truncate(bits=16)": lambda value: value[:2],
    r'regexp("^(.*)~[0-9.]+$", "\\1")': lambda value: re.sub(rb"~[0-9.]+$", b"", value),
    "default": lambda value: value,
}
BINARY = {"sha256", "truncate(bits=16)"}


@dataclass(frozen=True)
class Setting:
    """`name = value` inside blocks, outermost first: ("service auth", …)."""

    blocks: tuple[str, ...]
    name: str
    value: str

    @property
    def where(self) -> str:
        return " / ".join((*self.blocks, self.name))

    def full_name(self) -> str | None:
        """Its name in Dovecot 2.4, where a block's name may be left out before it.

        None if there is no such setting.
        """
        prefixes = [""]
        for block in self.blocks:
            kind, _space, label = block.partition(" ")
            prefixes += [f"{kind}_", f"{kind}_{label}_"]
        candidates = [f"{prefix}{self.name}" for prefix in reversed(prefixes)]
        return next((name for name in candidates if name in SETTINGS), None)


def read(text: str) -> Iterator[Setting]:
    """The settings of a file in order. Includes are left out."""
    blocks: list[str] = []
    lines = [line.strip() for line in text.replace("\\\n", " ").splitlines()]
    for line in lines:
        if not line or line.startswith(("#", "!include")):
            continue
        if line == "}":
            blocks.pop()
        elif line.endswith("{"):
            blocks.append(line.removesuffix("{").strip())
        else:
            name, equals, value = line.partition("=")
            assert equals, f"not a setting: {line}"
            value = re.sub(r"\s+", " ", value.strip())
            yield Setting(tuple(blocks), name.strip(), value)
    assert blocks == []


def read_folder(folder: Path) -> list[Setting]:
    """The settings of all files."""
    return [each for file in folder.glob("*.conf") for each in read(file.read_text())]


def words_in(variable: str) -> tuple[str, list[str]]:
    """The name and the filters of what stands in %{…}, as they are written."""
    name, *filters = (word.strip() for word in variable.split("|"))
    return name, filters


def fill_in(query: str, values: Mapping[str, str]) -> str:
    """The query as Dovecot 2.4 sends it: values filtered, and in hex if binary.

    Nothing is escaped: up to 2.4.2 Dovecot does not do it either (CVE-2026-24031).
    """

    def expand(match: re.Match[str]) -> str:
        name, filters = words_in(match[1])
        value = values[name].encode()
        for each in filters:
            value = FILTERS[each](value)
        return value.hex() if filters and filters[-1] in BINARY else value.decode()

    return VARIABLE.sub(expand, query)
