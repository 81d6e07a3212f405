"""The way out of every form and every question is in one place, and looks the same."""

import re
from collections.abc import Iterator

import pytest

from tests.unit.administration.opened import open_pages
from tests.unit.administration.worlds import World

ROW = re.compile(r'<div class="submit-row">.*?</div>', re.DOTALL)
FORM = re.compile(r'<form[^>]*method="post".*?</form>', re.DOTALL)
# What saves or does it, then the way out, then a deletion at the far end.
ORDER = re.compile("s*cd?")


def buttons_of(row: str) -> str:
    """Return the buttons in their order: s what does it, c the way out, d deletion."""
    kinds = {'class="cancel"': "c", 'class="deletelink"': "d", 'type="submit"': "s"}
    found = re.findall(r"<(?:input|button|a)\b[^>]*>", row)
    return "".join(
        next((kind for sign, kind in kinds.items() if sign in each), "")
        for each in found
    )


def find_faults(page: str) -> Iterator[str]:
    for row in ROW.findall(page):
        # Of an action that is under way, the next part is done, or it is stopped.
        if 'name="work"' not in row and not ORDER.fullmatch(buttons_of(row)):
            yield row
    for form in FORM.findall(page):
        if "form-row" in form and not ROW.search(form):
            yield form
    if ROW.search(page) and "admin/css/forms.css" not in page:
        yield "its buttons have no style"
    yield from re.findall(r"<[^>]*closelink[^>]*>", page)
    yield from re.findall(r"<(?!button|a )[^>]*>\s*Cancel\s*<|[^>]*value=.Cancel", page)


@pytest.mark.parametrize("role", ["superuser", "domain", "help"])
def test_every_form_and_question_has_one_way_out(
    own: World, foreign: World, role: str
) -> None:
    faults, with_row = {}, set()

    for page, text in open_pages(own, role):
        if found := list(find_faults(text)):
            faults[page] = found
        if ROW.search(text):
            with_row.add(page)

    assert faults == {}
    assert len(with_row) > 30


@pytest.mark.parametrize(
    "page",
    [
        '<div class="submit-row"><input type="submit"></div>',
        '<div class="submit-row"><a class="cancel"></a><input type="submit"></div>',
        '<div class="submit-row"><input type="submit" value="Cancel"></div>',
        '<form method="post"><div class="form-row"></div></form>',
        '<a class="closelink">Cancel</a>',
    ],
)
def test_a_page_without_it_is_found(page: str) -> None:
    assert list(find_faults(page))
