"""Check that there is a catalogue for each language, with exactly the code's texts.

The texts are collected anew in a copy of the project, so that a check changes nothing.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import to_locale

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = shutil.ignore_patterns(".*", "var", "tests", "*.mo", "__pycache__")


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=NOT_COPIED)
        collect(copy)
        faults = [
            f"{name}: {fault}"
            for name in names()
            for fault in faults_of(copy / name, ROOT / name)
        ]
    print(*faults, sep="\n", end="\n" if faults else "")
    return 1 if faults else 0


def names() -> list[str]:
    """The catalogues there have to be: one for each language but the code's own."""
    languages = {code for code, _ in settings.LANGUAGES} - {settings.LANGUAGE_CODE}
    locales = sorted(map(to_locale, languages))
    return [f"locale/{locale}/LC_MESSAGES/django.po" for locale in locales]


def collect(project: Path) -> None:
    """Bring the catalogues below `project` up to date with its texts."""
    subprocess.run(
        [
            sys.executable,
            "manage.py",
            "makemessages",
            "--all",
            "--no-location",
            "--no-obsolete",
            "--verbosity=0",
        ],
        cwd=project,
        check=True,
    )


def faults_of(collected: Path, kept: Path) -> list[str]:
    """Compare a catalogue collected just now with the one kept in the project."""
    if not kept.exists():
        return ["missing"]
    wanted, found = read(collected), read(kept)
    faults = [
        *(f"no longer in the code: {key[1]!r}" for key in found if key not in wanted),
        *(f"not in the catalogue: {key[1]!r}" for key in wanted if key not in found),
    ]
    for (_, text), message in found.items():
        if message.fuzzy:
            faults.append(f"fuzzy: {text!r}")
        elif not is_translated(message):
            faults.append(f"not translated: {text!r}")
    check = subprocess.run(
        ["msgfmt", "--check", "--output-file=/dev/null", kept],
        capture_output=True,
        check=False,
        text=True,
    )
    return [*faults, *check.stderr.splitlines()] if check.returncode else faults


def read(path: Path) -> dict[tuple[str | None, str], Message]:
    """The entries of a catalogue by context and text."""
    with path.open("rb") as file:
        catalog = read_po(file)
    return {(entry.context, text_of(entry)): entry for entry in catalog if entry.id}


def text_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def is_translated(message: Message) -> bool:
    string = message.string or ""
    return all([string] if isinstance(string, str) else string)


if __name__ == "__main__":
    sys.exit(main())
