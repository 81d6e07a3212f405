"""What a page looks like and what axe says of it.

On three widths, each light, dark, and in the colours that a system forces upon pages.
"""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Literal, TypedDict

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, expect

from tests.browser import steps

DESKTOP, PHONE, NARROW = 1280, 390, 320
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without preloading: axe would ask for what style sheets import, relative to the page.
RUN_AXE = """([tags, forced]) => axe.run({
        runOnly: tags,
        resultTypes: ["violations"],
        preload: false,
        rules: {"color-contrast": {enabled: !forced}},
    }).then(results => ({violations: results.violations}))"""

# Scripts hear of another width with the next frame, and what they change is drawn in
# the one after it. Colours that fade into others are judged as what they become.
SETTLE = """async () => {
    const frame = () => new Promise(done => requestAnimationFrame(done));
    await frame();
    await frame();
    document.getAnimations()
        .filter(each => each instanceof CSSTransition).forEach(each => each.finish());
}"""


# What WCAG 1.4.12 lets a reader set.
SPACING = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`* {
        line-height: 1.5 !important;
        letter-spacing: 0.12em !important;
        word-spacing: 0.16em !important;
    } p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
}"""

# On paper: how dark the text is, how much of the sheet the page takes, what is so
# narrow that it is read letter by letter, and of an open window what is amiss: it is
# all that is on the sheet, at its top, over its width, and nothing of it scrolls.
WHOLE_WIDTH = 0.95
PAPER = 794  # CSS pixels, the width of A4
ON_PAPER = """(CONTROLS) => {
    const main = document.querySelector("main");
    const channels = (color) => color.match(/[\\d.]+/g).map(Number);
    const own = (each) => [...each.childNodes].filter(node => node.nodeType === 3)
        .map(node => node.textContent.trim()).join("");
    const texts = [...main.querySelectorAll("*")].filter(each => {
        const style = getComputedStyle(each);
        return own(each).length > 11 && each.checkVisibility()
            && style.clipPath === "none"
            && !each.closest("svg, select, .visually-hidden");
    });
    const lines = (each) =>
        each.offsetHeight / parseFloat(getComputedStyle(each).lineHeight);
    const isSeen = (each) => each.checkVisibility() && each.offsetWidth > 1;
    const amiss = (each) => {
        const { position, overflowY, maxBlockSize } = getComputedStyle(each);
        const box = each.getBoundingClientRect();
        const shade = getComputedStyle(each, "::backdrop");
        const behind = [...main.children].filter(one => one !== each && isSeen(one));
        return Object.entries({
            fixed: position === "fixed",
            scrolls: overflowY !== "visible" || maxBlockSize !== "none",
            low: box.top + scrollY > main.getBoundingClientRect().top + scrollY + 1,
            narrow: box.width < 0.95 * document.body.clientWidth,
            shaded: each.matches(":modal") && shade.display !== "none",
            before: behind.length > 0,
        }).filter(([, is]) => is).map(([name]) => name);
    };
    return {
        part: main.clientWidth / document.body.clientWidth,
        light: [document.body, ...texts]
            .filter(each => Math.min(...channels(getComputedStyle(each).color)) > 150)
            .map(each => each.outerHTML.slice(0, 100)),
        columns: texts.filter(each => each.offsetWidth < 48 && lines(each) > 4)
            .map(each => each.outerHTML.slice(0, 100)),
        windows: [...document.querySelectorAll("dialog[open]")].flatMap(amiss),
        pressed: [...main.querySelectorAll(".button")].filter(isSeen)
            .map(each => each.outerHTML.slice(0, 100)),
        cut: [...main.querySelectorAll("table, .wide-table, .results, pre, svg")]
            .filter(each => each.checkVisibility()
                && each.getBoundingClientRect().right > innerWidth + 1)
            .map(each => each.outerHTML.slice(0, 100)),
        controls: [...document.querySelectorAll(CONTROLS)]
            .filter(each => each.checkVisibility())
            .map(each => each.outerHTML.slice(0, 100)),
    };
}"""
# With all that is folded opened, but the menu, which takes room from a list: what
# reaches over an edge, what is so narrow that it is read letter by letter, and words of
# tables, other than names, that are broken.
UNFOLDED = f"""() => {{
    const folded = [...document.querySelectorAll("details:not([open], #menu)")];
    for (const each of folded) each.open = true;
    const own = (each) => [...each.childNodes].filter(node => node.nodeType === 3)
        .map(node => node.textContent.trim()).join("");
    const lines = (each) =>
        each.offsetHeight / parseFloat(getComputedStyle(each).lineHeight);
    const columns = [...document.querySelectorAll("details *")].filter(each =>
        own(each).length > 7 && each.checkVisibility() && each.offsetWidth > 1
            && each.offsetWidth < 48 && lines(each) > 4);
    const texts = [...document.querySelectorAll("details :is(td, th)")]
        .filter(each => each.checkVisibility() && !each.querySelector("bdi, a"))
        .flatMap(each => [...each.childNodes].filter(node => node.nodeType === 3));
    const broken = texts.flatMap(node =>
        [...node.data.matchAll(/\\p{{Script=Latin}}{{4,}}/gu)].filter(word => {{
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            return range.getClientRects().length > 1;
        }}).map(word => `broken: ${{word[0]}}`));
    const narrow = columns.map(each => each.outerHTML);
    const found = [...({steps.TOO_WIDE})(), ...narrow, ...broken];
    for (const each of folded) each.open = false;
    return found;
}}"""
# What only a screen needs, on the pages of administrators.
CONTROLS = (
    "nav, .menu, #header, .breadcrumbs, .submit-row, button, .button, #toolbar, "
    ".filters, .actions, .action-checkbox, .acts, .object-tools, input[type=submit]"
)


class Media(TypedDict):
    """What a browser is set to."""

    color_scheme: Literal["light", "dark"]
    forced_colors: Literal["active", "none"]


COLOURS = {
    "light": Media(color_scheme="light", forced_colors="none"),
    "dark": Media(color_scheme="dark", forced_colors="none"),
    "forced": Media(color_scheme="dark", forced_colors="active"),
}

Look = Callable[[Page, str], None]


def judge(page: Page, state: str, folder: str | None) -> None:
    """Judge the page as it is; keep pictures of it in the folder, if there is one."""
    opened = page.get_by_role("dialog").count()
    size = page.viewport_size or {"width": DESKTOP, "height": 900}
    page.evaluate(AXE_SCRIPT)
    for colours, width in product(COLOURS, (DESKTOP, PHONE, NARROW)):
        page.emulate_media(**COLOURS[colours], reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        page.evaluate(SETTLE)
        # Closed, axe would pass the wrong page.
        expect(page.locator("dialog:modal")).to_have_count(opened)
        if folder:
            path = Path(folder) / f"{state}-{colours}-{width}.png"
            page.screenshot(path=path, full_page=not opened)
        steps.no_scrolling_sideways(page)
        unfolded = page.evaluate(UNFOLDED)
        assert not unfolded, unfolded
        # In colours that are forced the contrast is the system's; axe sees ours.
        arguments = [TAGS, colours == "forced"]
        results = AxeResults(page.evaluate(RUN_AXE, arguments))
        assert not results.violations_count, results.generate_report()
    printed = find_print_faults(page)
    assert not printed, printed
    page.emulate_media(**COLOURS["light"])
    page.set_viewport_size(size)


def find_print_faults(page: Page) -> list[str]:
    """Return what keeps it from printing whole, dark on white whatever is chosen.

    Of a page with an open window the window is printed, with all its text.
    """
    of_owners = page.locator("html[data-scheme]").count()
    name = "scheme" if of_owners else "theme"
    chosen = page.locator("html").get_attribute(f"data-{name}")
    set_scheme = f"chosen => {{ document.documentElement.dataset.{name} = chosen; }}"
    page.evaluate(set_scheme, "dark")
    page.set_viewport_size({"width": PAPER, "height": 1123})
    page.emulate_media(media="print", color_scheme="dark", forced_colors="none")
    page.evaluate(SETTLE)
    paper = page.evaluate(ON_PAPER, CONTROLS)
    page.emulate_media(media="screen")
    page.evaluate(set_scheme, chosen)
    if of_owners:
        del paper["controls"]
    narrow = [] if paper.pop("part") > WHOLE_WIDTH else ["not the whole sheet"]
    return narrow + [
        f"{kind}: {each}" for kind, found in paper.items() for each in found
    ]
