"""What a page looks like and what axe says of it: light and dark, wide and narrow."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Literal

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, expect

from tests.browser import steps

DESKTOP, PHONE = 1280, 390
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without preloading: axe would ask for what style sheets import, relative to the page.
RUN_AXE = """tags => axe
    .run({runOnly: tags, preload: false, resultTypes: ["violations"]})
    .then(results => ({violations: results.violations}))"""
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]

Look = Callable[[Page, str], None]


def judge(page: Page, state: str, folder: str | None) -> None:
    """Judge the page as it is; keep pictures of it in the folder, if there is one."""
    opened = page.get_by_role("dialog").count()
    page.evaluate(AXE_SCRIPT)
    for scheme, width in product(SCHEMES, (DESKTOP, PHONE)):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        # Closed, axe would pass the wrong page.
        expect(page.locator("dialog:modal")).to_have_count(opened)
        if folder:
            path = Path(folder) / f"{state}-{scheme}-{width}.png"
            page.screenshot(path=path, full_page=not opened)
        steps.no_scrolling_sideways(page)
        results = AxeResults(page.evaluate(RUN_AXE, TAGS))
        assert not results.violations_count, results.generate_report()
