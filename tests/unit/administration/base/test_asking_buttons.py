"""The button of each page that asks says what it does, and to what or how many."""

import re
from collections.abc import Iterator
from html import unescape

import pytest

from administration.bulk.actions import BULK_ACTIONS
from tests.unit.administration.opened import open_pages
from tests.unit.administration.worlds import World

ROW = re.compile(r'<div class="submit-row">.*?</div>', re.DOTALL)
BUTTON = re.compile(r'<input type="submit"[^>]*class="default"[^>]*>')
VALUE = re.compile(r'value="([^"]*)"')
# What saves a form that was filled in, looks something up, or makes something new.
OF_FORMS = {
    "Add the mailbox",
    "Change the web password",
    "Check",
    "Create the token",
    "Save",
    "Try it",
}


def list_buttons(page: str) -> Iterator[str]:
    """Yield the words of the buttons that do what the page asks about."""
    for row in ROW.findall(page):
        for button in BUTTON.findall(row):
            words = unescape(VALUE.findall(button)[0])
            if words not in OF_FORMS:
                yield words


def names_something(words: str, world: World) -> bool:
    """Whether they say a number, or the name of one of the records."""
    names = {str(row) for row in world.rows.values()} | {f"new@{world.domain.name}"}
    return bool(re.search(r"\d", words)) or any(name in words for name in names)


@pytest.mark.parametrize("role", ["superuser", "domain"])
def test_each_button_of_a_page_that_asks_names_a_record_or_a_number(
    own: World, role: str
) -> None:
    buttons = {
        (page, words)
        for page, text in open_pages(own, role)
        for words in list_buttons(text)
    }

    assert [each for each in buttons if not names_something(each[1], own)] == []
    assert len({words for _page, words in buttons}) > len(BULK_ACTIONS)


@pytest.mark.parametrize("words", ["Rename it", "Delete", "Yes, do it"])
def test_a_button_that_names_none_is_found(own: World, words: str) -> None:
    button = f'<input type="submit" class="default" value="{words}">'
    (found,) = list_buttons(f'<div class="submit-row">{button}</div>')

    assert not names_something(found, own)
