"""The password leaves no trace in the browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Error, Playwright, expect

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import ARGUMENTS, Visit, sign_in_at_once
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser


def files_with(folder: Path, text: str) -> list[Path]:
    """The files that hold the text, in one of the two forms that Chromium writes."""
    forms = (text.encode(), text.encode("utf-16-le"))
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return [
        path
        for path, content in contents.items()
        if any(form in content for form in forms)
    ]


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    """The folder where a browser keeps what people have it remember."""
    return tmp_path / "profile"


@pytest.fixture
def own_browser(
    playwright: Playwright, chromium: str, profile: Path, watch: Watch
) -> Iterator[BrowserContext]:
    """As people have it: with a profile, and pages that are left stay in memory."""
    context = playwright.chromium.launch_persistent_context(
        profile,
        executable_path=chromium,
        args=ARGUMENTS,
        ignore_default_args=["--disable-back-forward-cache"],
        base_url=watch.origins[0],
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X)",
    )
    watch.over(context)
    yield context
    context.close()


def test_the_profile_of_the_browser_does_not_hold_it(
    own_browser: BrowserContext, profile: Path, bob: Account, watch: Watch
) -> None:
    page = own_browser.new_page()
    sign_in_at_once(own_browser, bob, watch.origins[0])
    secret = steps.issue(page)
    page.get_by_text("Enter the password by hand").click()
    steps.button(page, "Copy").click()
    with page.expect_download() as caught:  # the profile is meant to hold it
        steps.button(page, "Install the profile").click()
    caught.value.delete()
    steps.name_device(page, "Kitchen tablet")

    with pytest.raises(Error, match="ERR_CACHE_MISS"):
        page.go_back()
    expect(page.locator("body")).not_to_contain_text(secret)
    page.go_forward()
    expect(steps.device(page, "Kitchen tablet")).to_be_visible()
    own_browser.close()

    assert files_with(profile, f"{steps.NEW}verify/")  # the search finds what is there
    assert files_with(profile, secret) == []


def test_the_page_forgets_it_when_it_is_left_and_never_brings_it_back(
    visit: Visit, bob: Account
) -> None:
    page = visit(steps.NEW, bob)
    secret = steps.issue(page)
    page.wait_for_load_state()  # the script that wipes it listens from then on

    page.evaluate("""dispatchEvent(new PageTransitionEvent("pagehide"))""")
    expect(page.locator("body")).not_to_contain_text(secret)
    expect(page.locator(".spelt")).to_have_count(0)
    restored = """new PageTransitionEvent("pageshow", {persisted: true})"""
    page.evaluate(f"setTimeout(() => dispatchEvent({restored}))")

    page.wait_for_url(f"**{steps.AREA}")
    expect(steps.device(page, "My Linux computer")).to_be_visible()
