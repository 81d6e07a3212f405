"""The line that waits for the first sign-in asks no longer than anybody looks at it."""

import json

import pytest
from playwright.sync_api import Page, Request, Route, expect

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


def test_when_it_asks_no_more_it_says_so(page: Page) -> None:
    page.clock.fast_forward("10:01")

    expect(page.get_by_text("Not waiting any longer.")).to_be_visible()


def test_who_comes_back_late_hears_what_has_happened(page: Page) -> None:
    page.evaluate(HIDE, arg=True)
    page.clock.fast_forward("15:00")
    answer(page, "connected", "Connected: IMAP")

    page.evaluate(HIDE, arg=False)

    expect(page.get_by_text("Connected: IMAP")).to_be_visible()


def answer(page: Page, state: str, text: str) -> None:
    """Let the portal answer so from now on."""
    body = {"state": state, "text": text, "at": "2026-11-30T12:00:00+00:00"}

    def fulfil(route: Route) -> None:
        route.fulfill(body=json.dumps(body), content_type="application/json")

    page.route("**/status/", fulfil)


@pytest.mark.parametrize(
    ("state", "color", "mark"),
    [
        ("waiting", "--quiet", ""),
        ("scanned", "--quiet", ""),
        ("refused", "--on-warning-soft", ""),
        ("failed", "--on-danger-soft", "✕"),
        ("connected", "--on-good-soft", "✓"),
    ],
)
def test_only_success_is_green(page: Page, state: str, color: str, mark: str) -> None:
    answer(page, state, "What it says" if state != "waiting" else "")
    page.clock.run_for(3000)

    line = page.locator("[data-live]")
    said = "What it says" if state != "waiting" else "Waiting for the first sign-in"
    expect(line).to_contain_text(said)
    shown = line.evaluate(
        """(line, name) => {
            const probe = line.parentElement.appendChild(document.createElement("i"));
            probe.style.setProperty("color", `var(${name})`);
            const wanted = getComputedStyle(probe).color;
            probe.remove();
            const before = getComputedStyle(line, "::before").content;
            return [getComputedStyle(line).color === wanted, before];
        }""",
        color,
    )
    assert shown == [True, f'"{mark}" / ""' if mark else '""']
    done = page.locator(".stages [data-finished]")
    expect(done).to_have_count({"refused": 2, "connected": 3}.get(state, 0))
    closing = page.get_by_text("You can close this window.")
    expect(closing).to_have_count(1 if state == "connected" else 0)
