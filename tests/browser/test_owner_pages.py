"""What holds for every page of an owner: nothing is cut, all can be hit, and so on.

A page that is added is walked by itself.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from accounts.models import Account, Policy
from clientpasswords import lifecycle
from clientpasswords.refusals import REQUIRED
from tests import factories
from tests.browser import steps
from tests.browser.conftest import OWNERS_DEVICES, Visit
from tests.browser.look import DESKTOP, NARROW, PHONE, SPACING, find_print_faults
from tests.browser.pagewalk import LANGUAGES, walk
from tests.browser.watch import Watch
from tests.unit.support import HOME

pytestmark = pytest.mark.browser

WINDOWS = {"connect", "delete", "delete-all", "disable", "lost", "new", "replace"}
HEIGHT = 844  # of an iPhone, with PHONE as its width
TWICE_AS_LARGE = "document.documentElement.style.setProperty('font-size', '200%')"
# Text that its own box does not show, by tag and class.
CLIPPED = """() => [...document.querySelectorAll("body *")].filter((each) => {
    const style = getComputedStyle(each);
    if (!each.checkVisibility() || style.clipPath !== "none") return false;
    if (!each.innerText?.trim()) return false;
    const cuts = /hidden|clip/.test(style.overflowX + style.overflowY);
    const isSized = each.matches(".button, .tag, .chip, .segments *, summary");
    if (!cuts && !isSized) return false;
    const isLow = each.scrollHeight > each.clientHeight + 2;
    return isLow || each.scrollWidth > each.clientWidth + 1;
}).map((each) => `${each.tagName}.${each.className} ${each.innerText.slice(0, 40)}`)"""
# What is lower or narrower than 24 pixels, and no link in a sentence.
SMALL = """() => [...document.querySelectorAll("a, button, summary, input")]
    .filter((each) => each.checkVisibility() && !each.closest(".skip, label"))
    .filter((each) => each.getBoundingClientRect().width > 1)
    .filter((each) => {
        const { width, height } = each.getBoundingClientRect();
        const beside = [...each.parentNode.childNodes].filter((one) => one !== each);
        const inSentence = getComputedStyle(each).display === "inline"
            && beside.some((one) => one.nodeType === 3 && one.data.trim());
        return !inSentence && (width < 24 || height < 24);
    }).map((each) => each.outerHTML.slice(0, 120))"""
# Words that touch those of the next element on their line.
GLUED = """() => [...document.querySelectorAll("body *")].filter((each) => {
    const next = each.nextSibling;
    if (next?.nodeType !== 1 || !each.checkVisibility() || !next.checkVisibility())
        return false;
    const isInline = [each, next]
        .every((one) => getComputedStyle(one).display === "inline");
    if (!isInline || !each.innerText?.trim() || !next.innerText?.trim()) return false;
    const [box, other] = [[...each.getClientRects()].at(-1), next.getClientRects()[0]];
    const style = getComputedStyle(each);
    const isSpaced = /\\s$/.test(each.textContent) || /^\\s/.test(next.textContent);
    return !isSpaced && style.clipPath === "none" && style.position === "static"
        && box.top < other.bottom && other.top < box.bottom
        && Math.abs(other.left - box.right) < 2;
}).map((each) => each.parentNode.outerHTML.slice(0, 120))"""
# Rows of buttons that begin at one side of a card while another begins at the other.
CROOKED = """() => [...document.querySelectorAll("main .card")].filter((card) => {
    const rows = [...card.querySelectorAll(".actions")]
        .filter((each) => each.checkVisibility());
    const isLast = (each) => /end/.test(getComputedStyle(each).justifyContent);
    return new Set(rows.map(isLast)).size > 1;
}).map((card) => card.innerText.slice(0, 80))"""
# Of each colour and of the words beside it: the middle, from the top.
LEGEND = """() => [...document.querySelectorAll(".strip-legend > span")].map((each) => {
    const middle = (box) => (box.top + box.bottom) / 2;
    const words = document.createRange();
    words.selectNodeContents(each.lastChild);
    const key = each.querySelector("rect").getBoundingClientRect();
    return [middle(key), middle(words.getBoundingClientRect())];
})"""


def find_cut(page: Page, name: str) -> list[str]:
    """Return what is cut or makes the page scroll sideways."""
    found = [*page.evaluate(CLIPPED), *page.evaluate(f"() => ({steps.TOO_WIDE})()")]
    return [f"{name}: {each}" for each in found]


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_on_a_narrow_screen_nor_by_a_readers_spacing(
    visit: Visit, owner: Account, watch: Watch, language: str
) -> None:
    Account.objects.update(language=language)
    page = visit("/", owner, width=NARROW)
    cut = []

    for name in walk(page, owner, watch):
        cut += find_cut(page, name)
        page.evaluate(SPACING)
        cut += find_cut(page, f"{name}, spaced")

    assert not cut, "\n".join(cut)


def test_nothing_is_cut_where_the_text_alone_is_twice_as_large(
    visit: Visit, owner: Account, watch: Watch
) -> None:
    """Programs that enlarge text leave the width alone that media queries are about."""
    Account.objects.update(language="de")
    page = visit("/", owner, width=2 * NARROW)
    cut = []

    for name in walk(page, owner, watch):
        page.evaluate(TWICE_AS_LARGE)
        cut += find_cut(page, name)

    assert not cut, "\n".join(cut)


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_cut_with_text_twice_as_large(
    visit: Visit, large_browser: Browser, owner: Account, watch: Watch, language: str
) -> None:
    Account.objects.update(language=language)
    page = visit("/", owner, width=2 * NARROW, browser=large_browser)
    cut = []

    for name in walk(page, owner, watch):
        cut += find_cut(page, name)

    assert not cut, "\n".join(cut)


def test_all_that_can_be_pressed_is_24_pixels_high_and_wide(
    visit: Visit, owner: Account, watch: Watch
) -> None:
    """WCAG 2.2, 2.5.8: but for links in sentences."""
    over = timezone.now() - timedelta(days=1)
    for number in range(7):  # with these, the least used one is offered for deletion
        row, _secret = factories.make_client_password(owner, f"Old {number}")
        factories.make_usage(row)
    owner.client_passwords.filter(label="Old 0").update(expires_at=over)
    page = visit("/", owner, width=PHONE)

    small = [
        f"{name}: {each}"
        for name in walk(page, owner, watch)
        for each in page.evaluate(SMALL)
    ]

    assert not small, "\n".join(small)


def test_every_page_is_whole_on_paper_and_so_is_every_window(
    visit: Visit, owner: Account, watch: Watch
) -> None:
    page = visit("/", owner)
    windows = set()

    for name in walk(page, owner, watch):
        windows |= {name} if page.locator("dialog:modal").count() else set()
        assert find_print_faults(page) == [], name
        page.set_viewport_size({"width": DESKTOP, "height": 900})

    assert {name.partition(":")[2] for name in windows} >= WINDOWS


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_no_two_words_touch(
    visit: Visit, owner: Account, watch: Watch, width: int
) -> None:
    page = visit("/", owner, width=width)

    glued = [
        f"{name}: {each}"
        for name in walk(page, owner, watch)
        for each in page.evaluate(GLUED)
    ]

    assert not glued, "\n".join(glued)


def test_the_rows_of_buttons_of_a_card_begin_or_end_alike(
    visit: Visit, owner: Account, watch: Watch
) -> None:
    page = visit("/", owner)
    pk = owner.client_passwords.values_list("pk", flat=True)[0]

    crooked = [
        f"{name}: {each}"
        for name in walk(page, owner, watch)
        for each in page.evaluate(CROOKED)
    ]
    lifecycle.revoke(owner.client_passwords.filter(pk=pk), by=HOME)
    page.goto(f"{steps.WINDOWS}{pk}/")
    crooked += page.evaluate(CROOKED)

    assert not crooked, "\n".join(crooked)


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_colours_of_the_strip_are_explained_at_the_height_of_the_words(
    visit: Visit, owner: Account, language: str, width: int
) -> None:
    Account.objects.update(language=language)
    page = visit(steps.AREA, owner, width=width)

    heights = page.evaluate(LEGEND)

    assert len(heights) == 2
    assert all(abs(key - words) < 2 for key, words in heights), heights


def refuse_a_program(alice: Account) -> None:
    factories.make_logon(alice, reason=REQUIRED.key, count=4)


def require(alice: Account) -> None:
    Policy.objects.update(client_passwords_required=True)


def require_and_refuse(alice: Account) -> None:
    require(alice)
    refuse_a_program(alice)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize("happen", [None, refuse_a_program, require_and_refuse])
def test_the_first_device_is_in_the_first_screen_of_a_phone(
    visit: Visit,
    alice: Account,
    language: str,
    count: int,
    happen: Callable[[Account], None] | None,
) -> None:
    Account.objects.update(client_passwords_on=True, language=language)
    for number in range(count):
        row, _secret = factories.make_client_password(alice, f"Device {number}")
        factories.make_logon_days(row)
    if happen:
        happen(alice)
    page = visit(steps.AREA, alice, width=PHONE)

    box = page.locator(".device").first.bounding_box()

    assert box
    assert box["y"] < HEIGHT


# The title and the buttons of a window, where they do not show whole.
HIDDEN = """window => [
    ...window.querySelectorAll(":scope > h2:first-of-type, .actions .button")
].filter(each => {
    const box = each.getBoundingClientRect();
    return each.checkVisibility() && (box.top < 0 || box.bottom > innerHeight);
}).map(each => each.textContent.trim())"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [(PHONE, 667), (NARROW, 568)])
def test_a_window_opens_at_its_title_with_its_buttons_in_sight(
    visit: Visit, owner: Account, watch: Watch, language: str, size: tuple[int, int]
) -> None:
    Policy.objects.update(code_to_switch_off=True)
    Account.objects.update(language=language)
    for number in range(owner.client_passwords.count(), 9):
        factories.make_client_password(owner, f"Device {number}")
    page = visit("/", owner, width=size[0])
    page.set_viewport_size({"width": size[0], "height": size[1]})
    window, windows, hidden = page.locator("dialog:modal"), 0, []

    for name in walk(page, owner, watch):
        if window.count():
            windows += 1
            hidden += [f"{name}: {each}" for each in window.evaluate(HIDDEN)]

    assert not hidden, "\n".join(hidden)
    assert windows >= 9


def test_after_a_window_the_focus_is_where_it_was_opened(
    visit: Visit, owner: Account
) -> None:
    page = visit(steps.AREA, owner)
    openers = page.locator(f"main :is(a[href^='{steps.WINDOWS}'], form[action] button)")
    opened = 0

    for number in range(openers.count()):
        openers.nth(number).press("Enter")
        page.wait_for_load_state()
        if page.locator("dialog:modal").count():
            opened += 1
            page.keyboard.press("Escape")
            expect(page.locator("dialog")).to_have_count(0)
            expect(openers.nth(number)).to_be_focused()
        else:
            page.goto(steps.AREA)

    assert opened >= 4 + len(OWNERS_DEVICES)  # new, lost, delete all, off


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_a_button_that_was_pressed_is_busy_and_stays_where_it_is(
    visit: Visit, owner: Account, width: int
) -> None:
    page = visit(steps.NEW, owner, width=width, reduced_motion="reduce")
    button = steps.button(page, "Get Dynamic Captcha")
    # The form is never sent: what the page shows meanwhile stays.
    page.evaluate("addEventListener('submit', (event) => event.preventDefault())")
    before = button.bounding_box()

    button.click()

    expect(button).to_have_attribute("data-busy", "Sending…")
    expect(page.get_by_role("status").filter(has_text="Sending…")).to_be_attached()
    assert button.bounding_box() == before


def test_what_is_typed_can_be_shown_before_the_sign_in(visit: Visit) -> None:
    page = visit("/login/")
    field = page.get_by_label("Web password")
    field.fill("correct horse")

    steps.button(page, "Show what is typed").click()
    expect(field).to_have_attribute("type", "text")
    steps.button(page, "Show what is typed").click()

    expect(field).to_have_attribute("type", "password")
