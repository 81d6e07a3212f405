"""The line that waits for the first sign-in asks no longer than anybody looks at it."""

import pytest
from playwright.sync_api import Page, Request, expect

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import Visit

pytestmark = pytest.mark.browser

HIDE = """hidden => {
    Object.defineProperty(document, "hidden", {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def page(visit: Visit, bob: Account) -> Page:
    """A password is shown, and the line waits; time goes on by `page.clock` only."""
    page = visit(steps.AREA, bob)
    page.clock.install()
    steps.issue(page)
    expect(page.get_by_text("Waiting for the first sign-in")).to_be_visible()
    return page


def asked(page: Page, seconds: int) -> int:
    """How often the portal is asked while so much time goes by."""
    count = 0

    def note(request: Request) -> None:
        nonlocal count
        count += request.url.endswith("/status/")

    page.on("request", note)
    page.clock.run_for(seconds * 1000)
    page.wait_for_load_state("networkidle")
    page.remove_listener("request", note)
    return count


def test_it_asks_while_somebody_looks(page: Page) -> None:
    assert asked(page, 20) >= 5


def test_it_does_not_ask_while_nobody_looks(page: Page) -> None:
    page.evaluate(HIDE, arg=True)
    assert asked(page, 20) <= 1  # what was on its way already

    page.evaluate(HIDE, arg=False)
    assert asked(page, 20) >= 5


def test_after_ten_minutes_it_asks_no_more(page: Page) -> None:
    page.clock.fast_forward("10:01")
    asked(page, 4)

    assert asked(page, 20) == 0
