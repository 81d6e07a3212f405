"""The translations, entry by entry, and the words that docs/translations.md decides."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po
from django.utils.translation import override

from clientpasswords.setup.clients import CLIENTS

ROOT = Path(__file__).resolve().parents[3]
LOCALES = ("de", "zh_Hans", "zh_Hant")
CHINESE = ("zh_Hans", "zh_Hant")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|\{\w*\}")
TAG = re.compile(r"</?[a-z]+[^>]*>")
# A name that a mail program shows has the program as its context.
with override("en"):
    PROGRAMS = {str(client.name) for client in CLIENTS.values()}
# Labels of programs, and what a machine reads.
QUOTED = re.compile(r"<b>.*?</b>|<code>.*?</code>", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One text in one language; a plural has one entry for each of its forms."""

    locale: str
    source: str
    text: str
    context: str = ""

    def __str__(self) -> str:
        return f"{self.locale}: {self.source!r}: {self.text!r}"

    @property
    def own_words(self) -> str:
        """Return the text without what it quotes; a name in a program is quoted."""
        if self.context in PROGRAMS:
            return ""
        return QUOTED.sub("", self.text)


def read_entries(locale: str) -> Iterator[Entry]:
    path = ROOT / "locale" / locale / "LC_MESSAGES" / "django.po"
    with path.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        strings = message.string or ""
        texts = [strings] if isinstance(strings, str) else list(strings)
        for number, text in enumerate(texts):
            # A language without a plural has the text of the many.
            source = ids[number] if len(texts) == len(ids) else ids[-1]
            yield Entry(locale, source, text, message.context or "")


def list_entries(*locales: str) -> list[Entry]:
    return [entry for locale in locales for entry in read_entries(locale)]


@dataclass(frozen=True)
class Term:
    """A line of a table of docs/translations.md."""

    english: str
    words: tuple[str, ...]
    never: tuple[str, ...]


def read_terms() -> dict[str, list[Term]]:
    """Return the terms of each language, by the name of its catalogue."""
    terms: dict[str, list[Term]] = {}
    text = (ROOT / "docs" / "translations.md").read_text()
    for section in text.split("\n## ")[1:]:
        locale = re.search(r"`locale/(\w+)/`", section)
        if locale:
            rows = re.findall(r"^\|(.+?)\|(.+?)\|(.*?)\|$", section, re.MULTILINE)
            terms[locale.group(1)] = [
                Term(english.strip(), split_words(words), split_words(never))
                for english, words, never in rows[2:]
            ]
    return terms


def split_words(cell: str) -> tuple[str, ...]:
    """Return the words in a cell; what is in brackets explains them."""
    plain = re.sub(r"\(.*?\)", "", cell)
    return tuple(word.strip() for word in plain.split(";") if word.strip())


def read_button_texts() -> set[str]:
    """Return the English texts of all buttons in the templates."""
    button = re.compile(
        r'<(?P<tag>button|a)\b(?=[^>]*\bclass="button)[^>]*>(?P<text>.*?)</(?P=tag)>',
        re.DOTALL,
    )
    text = re.compile(r'{% translate "([^"]+)"|{% translate \'([^\']+)\'')
    found = set()
    for template in (ROOT / "templates").rglob("*.html"):
        # A template tag in an attribute may contain ">".
        source = re.sub(r"{%.*?%}", hide_brackets, template.read_text())
        for match in button.finditer(source):
            for first, second in text.findall(match["text"]):
                found.add(first or second)
    return found


def hide_brackets(match: re.Match[str]) -> str:
    return match.group(0).replace(">", "")
