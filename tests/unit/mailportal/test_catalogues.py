"""The translations use one word for one thing, and the marks of their language."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.unit.mailportal.catalogues import (
    CHINESE,
    LOCALES,
    PLACEHOLDER,
    TAG,
    Entry,
    Term,
    list_entries,
    read_button_texts,
    read_terms,
)

CHARACTER = "[\u3400-\u9fff]"
LATIN = "[A-Za-z0-9]"
# Values in Chinese: a span or a date begins with a digit, a name does not.
SPANS = re.compile(r"%\(wait\)s")
# Values of both kinds, by what they are of.
EITHER = re.compile(r"%\((name|day|date|left)\)s")
NAMES = re.compile(r"%\((filter_title|\w*path|\w*label)\)s|%s")
FULL_WIDTH = (
    "\uff0c\u3002\uff1b\uff1a\uff1f\uff01\u3001\uff08\uff09\u300c\u300d\u201c\u201d"
)
ENDS = {
    ".": ".\u3002",
    "?": "?\uff1f\u3002",
    ":": ":\uff1a",
    "\u2026": "\u2026",
    ",": ",\uff0c\uff1a\u3001",
}
QUOTES = {"de": "\u201e\u201c", "zh_Hans": "\u201c\u201d", "zh_Hant": "\u300c\u300d"}
ALL_QUOTES = '\u201e\u201c\u201d\u300c\u300d\u201a\u2018\u00ab\u00bb"'
ENGLISH = re.compile(
    r"\b(the|and|your|you|are|with|from|of|to|this|that|which|mail|password|code)\b"
)
# What is the same word in German.
SAME = {
    "Filter",
    "Passkey",
    "Passkeys",
    "Domain",
    "Name",
    "NetEase Mail Master",
    "Mail Master",
    "Portal",
    "Port",
    "Server",
    "System",
    "Version %(version)s",
}
MOST_LETTERS = {"en": 36, "de": 36, "zh_Hans": 18, "zh_Hant": 18}


def bare(text: str) -> str:
    """Return a text without tags, and with a letter for each placeholder."""
    text = EITHER.sub("*", NAMES.sub("\u540d", SPANS.sub("1 \u65e5", text)))
    return TAG.sub("", PLACEHOLDER.sub("X", text))


def expect_none(wrong: list[str]) -> None:
    assert not wrong, "\n".join(["", *wrong])


def find(pattern: str, *locales: str) -> list[str]:
    """Return the entries in which the pattern is found, tags and values aside."""
    return [str(e) for e in list_entries(*locales) if re.search(pattern, bare(e.text))]


@pytest.mark.parametrize("locale", LOCALES)
def test_each_thing_has_one_word(locale: str) -> None:
    terms = read_terms()[locale]
    assert len(terms) > 20

    expect_none([line for e in list_entries(locale) for line in find_wrong(e, terms)])


def find_wrong(entry: Entry, terms: list[Term]) -> list[str]:
    """Return the words of an entry that docs/translations.md rules out."""
    text = re.sub("[\u00ad\u2060]", "", entry.own_words)
    words = [word for term in terms for word in term.words]
    return [
        f"{entry}: not {never!r} but {' or '.join(term.words)}"
        for term in terms
        for never in term.never
        if re.search(find_never(never), leave_out(text, words, never))
    ]


def leave_out(text: str, words: list[str], never: str) -> str:
    """Remove the right words in which a wrong one is contained."""
    for word in words:
        if never in word:
            text = text.replace(word, "")
    return text


def find_never(word: str) -> str:
    """Return a pattern for a word; Latin ones begin a word, short ones are one."""
    if re.search(CHARACTER, word):
        return word
    return rf"\b{word}\b" if len(word) < 4 else rf"\b{word}"


@pytest.mark.parametrize("locale", LOCALES)
def test_no_word_of_a_table_is_ruled_out_by_another_line(locale: str) -> None:
    terms = read_terms()[locale]
    words = {word for term in terms for word in term.words}

    expect_none([never for term in terms for never in term.never if never in words])


@pytest.mark.parametrize("kind", [PLACEHOLDER, TAG], ids=["placeholders", "tags"])
def test_placeholders_and_tags_are_those_of_the_source(kind: re.Pattern[str]) -> None:
    expect_none(
        [
            str(e)
            for e in list_entries(*LOCALES)
            if sorted(kind.findall(e.source)) != sorted(kind.findall(e.text))
        ]
    )


def test_a_text_ends_with_the_mark_of_its_source() -> None:
    def end(text: str) -> str:
        return TAG.sub("", text).strip()[-1:]

    wrong = [
        str(e)
        for e in list_entries(*LOCALES)
        if end(e.text) not in ENDS.get(end(e.source), end(e.text))
        or (end(e.source) not in ENDS and end(e.text) in ".\u3002:\uff1a?\uff1f")
    ]
    expect_none(wrong)


def test_a_text_begins_and_ends_with_a_blank_only_where_its_source_does() -> None:
    expect_none(
        [
            str(e)
            for e in list_entries(*LOCALES)
            if e.source.strip() not in {",", ":"}
            and (e.source[:1] == " ", e.source[-1:] == " ")
            != (e.text[:1] == " ", e.text[-1:] == " ")
        ]
    )


@pytest.mark.parametrize("pattern", ["\\S  ", "\u2011", "\\.\\.\\.", "\u00a0", "'"])
def test_no_mark_is_typed_in_two_ways(pattern: str) -> None:
    expect_none(find(pattern, *LOCALES))


@pytest.mark.parametrize("locale", LOCALES)
def test_quotation_marks_are_those_of_the_language(locale: str) -> None:
    others = "".join(mark for mark in ALL_QUOTES if mark not in QUOTES[locale])

    expect_none(find(f"[{others}]", locale))


def test_no_english_is_left() -> None:
    wrong = [
        str(e)
        for e in list_entries(*LOCALES)
        if ENGLISH.search(TAG.sub("", PLACEHOLDER.sub("", e.own_words)))
        or (
            e.text == e.source
            and re.search("[a-z]{2}", PLACEHOLDER.sub("", e.own_words))
            and (e.locale != "de" or e.source not in SAME)
        )
    ]
    expect_none(wrong)


def test_chinese_has_a_blank_beside_latin_letters_and_digits() -> None:
    """What stands for the name of a kind of record is Chinese itself."""
    wrong = find(f"{CHARACTER}{LATIN}|{LATIN}{CHARACTER}", *CHINESE)
    named = ("%(model)s", "%(object_name)s", "%(name)s", "%(class_name)s")
    expect_none([each for each in wrong if not any(n in str(each) for n in named)])


def test_chinese_has_no_other_blanks() -> None:
    pattern = f"{CHARACTER} {CHARACTER}|[{FULL_WIDTH}] | [{FULL_WIDTH}]"

    expect_none(find(pattern, *CHINESE))


def test_chinese_punctuation_is_full_width() -> None:
    marks = "[,;:!?()]"
    pattern = f"{CHARACTER} ?{marks}|{marks} ?{CHARACTER}|{CHARACTER}\\."

    wrong = [
        str(e)
        for e in list_entries(*CHINESE)
        if re.search(pattern, TAG.sub("", e.own_words))
    ]
    expect_none(wrong)


def test_the_text_of_a_button_is_short() -> None:
    buttons = read_button_texts()
    assert len(buttons) > 30
    texts = [Entry("en", text, text) for text in buttons]
    texts += [e for e in list_entries(*LOCALES) if e.source in buttons]

    expect_none([str(e) for e in texts if len(e.text) > MOST_LETTERS[e.locale]])


PACKAGES = (
    "accounts",
    "administration",
    "api",
    "clientpasswords",
    "gateways",
    "mailportal",
    "provisioning",
)


def test_no_text_hides_from_the_catalogues_in_an_f_string() -> None:
    """Babel finds what is marked only outside of them, so it would stay English."""
    hidden = [
        f"{path}: {ast.unparse(part)}"
        for package in PACKAGES
        for path in Path(settings.BASE_DIR, package).rglob("*.py")
        for part in find_texts_in_f_strings(path.read_text())
    ]

    assert hidden == []


def find_texts_in_f_strings(code: str) -> list[ast.Call]:
    """Return the calls in f-strings that mark a text for translation."""
    return [
        call
        for string in ast.walk(ast.parse(code))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and (call.func.id == "_" or "gettext" in call.func.id)
    ]


def test_what_hides_in_an_f_string_is_found() -> None:
    assert find_texts_in_f_strings("f\"{_('On')} · {day}\"")
    assert not find_texts_in_f_strings('f"{on} · {day}"')
