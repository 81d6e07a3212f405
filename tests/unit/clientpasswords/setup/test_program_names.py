"""What mail programs show has one text in all places, apart from other programs'."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils.translation import override

from clientpasswords.setup.clients import CLIENTS
from tests.unit.mailportal.catalogues import (
    LOCALES,
    PROGRAMS,
    list_entries,
    read_button_texts,
)

TEMPLATES = Path(settings.BASE_DIR) / "templates"
SENTENCE = re.compile(
    r"{% blocktranslate(?:(?!asvar)[^%])*%}(.*?){% endblocktranslate %}", re.DOTALL
)
SHORT_SENTENCE = re.compile(r'{% translate "([^"]+)"')
BOLD = re.compile(r"<b>(.*?)</b>", re.DOTALL)
VALUE = re.compile(r"{{ (\w+) }}")
NAME = re.compile(r'{% translate "([^"]+)"(?: context "([^"]+)")? as (\w+) %}')
NAME_WITH_VALUE = re.compile(
    r'{% blocktranslate asvar (\w+) [^%]*context "([^"]+)" %}([^{]*{{[^%]+){%'
)
# What is bold and no name: what the reader enters or chooses by the portal's word.
DATA = {"address", "kind"}


def read_names(source: str) -> Iterator[tuple[str, str, str]]:
    """Yield the variable, the text and the context of each name in a template."""
    for text, context, variable in NAME.findall(source):
        yield variable, text, context
    for variable, context, text in NAME_WITH_VALUE.findall(source):
        yield variable, text, context


def read_bold(source: str) -> list[str]:
    texts = SENTENCE.findall(source) + SHORT_SENTENCE.findall(source)
    return [bold for text in texts for bold in BOLD.findall(text)]


def list_templates() -> list[Path]:
    found = [path for path in TEMPLATES.rglob("*.html") if read_bold(path.read_text())]
    assert len(found) > 15
    return found


@pytest.mark.parametrize("path", list_templates(), ids=lambda path: path.name)
def test_a_sentence_takes_a_name_from_its_own_text(path: Path) -> None:
    """Else each sentence would have its own translation of the name."""
    bold = read_bold(path.read_text())

    assert [each for each in bold if not VALUE.fullmatch(each)] == []


@pytest.mark.parametrize("key", CLIENTS)
def test_a_page_names_what_its_own_program_shows(key: str) -> None:
    source = (TEMPLATES / f"help/{key}.html").read_text()
    with override("en"):
        program = str(CLIENTS[key].name)
    names = list(read_names(source))
    own = {variable for variable, _text, context in names if context}
    ours = {text for _variable, text, context in names if not context}
    bold = {value for each in read_bold(source) for value in VALUE.findall(each)}

    assert {context for _variable, _text, context in names if context} == {program}
    assert ours <= read_button_texts() | PROGRAMS
    assert bold - DATA <= {variable for variable, _text, _context in names}
    assert own <= bold, "a name that is in no sentence"


def test_what_a_program_shows_is_written_in_one_way() -> None:
    names = {(each.context, each.source) for each in list_entries("de")}
    names = {each for each in names if each[0] in PROGRAMS}

    assert len(names) > 50
    assert len({(context, text.casefold()) for context, text in names}) == len(names)


def read_words_for_account() -> dict[str, dict[str, list[str]]]:
    """Return the words of docs/translations.md for an account, by program, locale."""
    text = (Path(settings.BASE_DIR) / "docs/translations.md").read_text()
    table = text.partition("## Mail programs")[2]
    rows = re.findall(
        r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE
    )
    return {
        program: {
            locale: cell.casefold().split("; ")
            for locale, cell in zip(LOCALES, cells, strict=True)
        }
        for program, *cells in rows[2:]
    }


def test_an_account_is_called_what_the_program_calls_it() -> None:
    words = read_words_for_account()
    names = [
        each
        for each in list_entries(*LOCALES)
        if each.context in PROGRAMS and "account" in each.source.casefold()
    ]

    assert {each.context for each in names} == set(words)
    wrong = [
        str(each)
        for each in names
        if not any(
            word in each.text.casefold() for word in words[each.context][each.locale]
        )
    ]
    assert wrong == []
