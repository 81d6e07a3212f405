"""Check that each language has a catalogue with exactly the texts of the code.

The texts are collected in a copy of the project, so that the check changes nothing.
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
        mistakes = [
            f"{name}: {mistake}"
            for name in list_catalogues()
            for mistake in compare_catalogues(copy / name, ROOT / name)
        ]
    print(*mistakes, sep="\n", end="\n" if mistakes else "")
    return 1 if mistakes else 0


def list_catalogues() -> list[str]:
    """Return the paths of the required catalogues: each language but the code's."""
    languages = {code for code, _ in settings.LANGUAGES} - {settings.LANGUAGE_CODE}
    locales = sorted(map(to_locale, languages))
    return [f"locale/{locale}/LC_MESSAGES/django.po" for locale in locales]


def collect(project: Path) -> None:
    """Update the catalogues below `project` with its texts."""
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


def compare_catalogues(collected: Path, kept: Path) -> list[str]:
    """Return the mistakes of the project's catalogue, by the code's texts."""
    if not kept.exists():
        return ["missing"]
    wanted, found = read_messages(collected), read_messages(kept)
    mistakes = [
        *(f"no longer in the code: {key[1]!r}" for key in found if key not in wanted),
        *(f"not in the catalogue: {key[1]!r}" for key in wanted if key not in found),
    ]
    for (_, text), message in found.items():
        if message.fuzzy:
            mistakes.append(f"fuzzy: {text!r}")
        elif not is_translated(message):
            mistakes.append(f"not translated: {text!r}")
    check = subprocess.run(
        ["msgfmt", "--check", "--output-file=/dev/null", kept],
        capture_output=True,
        check=False,
        text=True,
    )
    return [*mistakes, *check.stderr.splitlines()] if check.returncode else mistakes


def read_messages(path: Path) -> dict[tuple[str | None, str], Message]:
    """Return the entries of a catalogue by context and text."""
    with path.open("rb") as file:
        catalog = read_po(file)
    return {
        (entry.context, get_source_text(entry)): entry for entry in catalog if entry.id
    }


def get_source_text(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def is_translated(message: Message) -> bool:
    string = message.string or ""
    return all([string] if isinstance(string, str) else string)


if __name__ == "__main__":
    sys.exit(main())
