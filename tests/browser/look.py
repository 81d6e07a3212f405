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
        # In colours that are forced the contrast is the system's; axe sees ours.
        arguments = [TAGS, colours == "forced"]
        results = AxeResults(page.evaluate(RUN_AXE, arguments))
        assert not results.violations_count, results.generate_report()
    page.emulate_media(**COLOURS["light"])
    page.set_viewport_size(size)
