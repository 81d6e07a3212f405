"""Headings break between words, on every page of owners and in every language."""

import re
from itertools import pairwise

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page

from accounts.models import Account
from clientpasswords import lifecycle
from clientpasswords.setup import clients
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import NARROW, PHONE
from tests.browser.pagewalk import LANGUAGES, walk
from tests.browser.watch import Watch
from tests.unit.support import HOME

pytestmark = pytest.mark.browser

# The lines of each heading as they are drawn. What people have named themselves is
# left out. No browser is relied on to know how a language divides words.
LINES = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { hyphens: manual !important; }");
    document.adoptedStyleSheets = [sheet];
    const range = document.createRange();
    return [...document.querySelectorAll("h1, h2, h3, h4, .state-title")]
        .filter((each) => each.checkVisibility() && each.offsetWidth > 1)
        .map((heading) => {
            const walker = document.createTreeWalker(heading, NodeFilter.SHOW_TEXT);
            const lines = [];
            let bottom = -Infinity;
            while (walker.nextNode()) {
                const node = walker.currentNode;
                if (node.parentNode.closest("bdi, .visually-hidden, .tag")) continue;
                for (let place = 0; place < node.length; place += 1) {
                    range.setStart(node, place);
                    range.setEnd(node, place + 1);
                    const box = [...range.getClientRects()].at(-1);
                    if (box?.width && box.top + box.height / 2 > bottom) {
                        lines.push("");
                        bottom = box.bottom;
                    }
                    if (lines.length) lines[lines.length - 1] += node.data[place];
                }
            }
            return lines;
        });
}"""
CHARACTERS = "\u3400-\u9fff"  # of Chinese, which stand in no words with blanks
FEWEST = 3  # letters of a word on a line
SHY, FIXED = "\u00ad", "\u2011"


def find_fault(lines: list[str]) -> str:
    """Return what is wrong with how a heading is broken into lines; "" if nothing."""
    for above, below in pairwise(lines):
        if min(len(above.strip()), len(below.strip())) < FEWEST - 1:
            return "a line of one letter"
        if above[-1].isspace() or below[0].isspace():
            continue
        if re.search(f"[{CHARACTERS}\u3000-\u303f\uff00-\uffef]", above[-1] + below[0]):
            continue
        before, after = re.split(r"\s", above)[-1], re.split(r"\s", below)[0]
        if before[-1] not in {"-", SHY, "/"}:
            return "a break within a word"
        parts = (re.split("[-/]", before[:-1])[-1], re.split("[-/]", after)[0])
        if min(map(len, parts)) < FEWEST:
            return "a break beside one or two letters"
    return ""


def find_faults(page: Page, name: str) -> list[str]:
    faults = [(find_fault(lines), lines) for lines in page.evaluate(LINES)]
    return [f"{name}: {fault}: {' | '.join(lines)}" for fault, lines in faults if fault]


@pytest.mark.parametrize("width", [PHONE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_break_between_words(
    visit: Visit, owner: Account, watch: Watch, language: str, width: int
) -> None:
    Account.objects.update(language=language)
    page = visit("/", owner, width=width)

    faults = [
        fault for name in walk(page, owner, watch) for fault in find_faults(page, name)
    ]

    assert not faults, "\n".join(faults)


def list_states(owner: Account) -> list[str]:
    """Addresses of pages as they are in other states than for most owners."""
    deleted, *others = owner.client_passwords.all()
    lifecycle.revoke(owner.client_passwords.filter(pk=deleted.pk), by=HOME)
    by = f"{steps.WINDOWS}{others[0].pk}/replace/"
    factories.make_client_password(owner, replaces=others[0])
    helps = [reverse("help:client", args=[key]) for key in clients.CLIENTS]
    return [f"{steps.WINDOWS}{deleted.pk}/", by, steps.AREA, "/nowhere/", *helps]


@pytest.mark.parametrize("width", [PHONE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_headings_of_other_states_break_between_words(
    visit: Visit, owner: Account, watch: Watch, language: str, width: int
) -> None:
    Account.objects.update(language=language)
    page = visit("/", owner, width=width)
    watch.expected |= {404, 409, 410}
    faults = []

    for address in list_states(owner):
        page.goto(address)
        faults += find_faults(page, address)
    guest = visit("/", width=width)
    name = settings.LANGUAGE_COOKIE_NAME
    guest.context.add_cookies([{"name": name, "value": language, "url": guest.url}])
    for address in ("/", "/login/", "/help/", "/i/unknown/"):
        guest.goto(address)
        assert guest.locator(f"html[lang='{language}' i]").count()
        faults += find_faults(guest, address)
    page.goto(steps.NEW)
    page.locator(".button-get").click()
    page.locator("[name=code]").fill(steps.last_code())
    page.locator(".button-next").click()
    page.locator("#password").wait_for()
    faults += find_faults(page, "the new password")

    assert not faults, "\n".join(faults)
