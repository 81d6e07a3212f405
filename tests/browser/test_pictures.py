"""The pictures of the README: `make screenshots` puts them into docs/pictures."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts import workers
from accounts.models import Account
from accounts.models.heartbeat import WORKERS
from clientpasswords.models import Usage
from mailportal import demonstration
from provisioning import statistics
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import COLOURS

pytestmark = pytest.mark.browser

PLACES = {
    "desktop": (1120, 720, "light"),
    "tall": (1120, 1080, "light"),
    "phone": (390, 780, "dark"),
}
MOST = 150 * 1024  # bytes of one picture, which everybody fetches with the project
Take = Callable[..., None]
DEVICES = [
    ("Scanner, copy room on the 3rd floor", None, "", ""),
    ("Office PC", timedelta(hours=3), "imap", "203.0.113.20"),
    ("My iPad", timedelta(days=120), "imap", "198.51.100.9"),
    ("My iPhone", timedelta(minutes=2), "imap", "198.51.100.7"),
]


@pytest.fixture
def take(request: pytest.FixtureRequest, tmp_path: Path) -> Take:
    """Take a picture of what is in the window, on a desk and in a hand."""
    folder = Path(request.config.getoption("--pictures") or tmp_path)
    folder.mkdir(exist_ok=True)

    def take_picture(page: Page, name: str, *places: str) -> None:
        for place in places:
            width, height, colours = PLACES[place]
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(**COLOURS[colours], reduced_motion="reduce")
            file = folder / f"{name}-{place}.png"
            page.screenshot(path=file)
            assert file.stat().st_size < MOST, file

    return take_picture


@pytest.fixture
def owner(alice: Account) -> Account:
    """Alice, who has given each of her devices its own password."""
    Account.objects.update(client_passwords_on=True)
    now = timezone.now()
    for number, (name, ago, protocol, network) in enumerate(DEVICES):
        created = now - timedelta(days=200 - 40 * number)
        row = factories.make_client_password(alice, name, created_at=created)[0]
        if ago is not None:
            Usage.objects.create(
                client_password=row,
                first_at=created,
                last_at=now - ago,
                protocol=protocol,
                network_address=network,
                node="mx1",
            )
            factories.make_logon_days(row)
    return alice


def test_the_list(visit: Visit, owner: Account, take: Take, four_sites: None) -> None:
    page = visit(steps.AREA, owner)
    expect(page.get_by_text("Security passwords (4 of 10)")).to_be_visible()
    take(page, "list", "desktop", "phone")


def test_the_identity_window(
    visit: Visit, owner: Account, take: Take, four_sites: None
) -> None:
    page = visit(steps.NEW, owner)
    steps.get_code(page)
    take(page, "identity", "phone")


def test_the_reveal(visit: Visit, owner: Account, take: Take, four_sites: None) -> None:
    page = visit(steps.AREA, owner)
    steps.issue(page)
    take(page, "reveal", "desktop", "phone")
    # What is left to do: the steps of a program, and the stages below them.
    page.get_by_role("radio", name="Thunderbird", exact=True).check(force=True)
    page.locator(".stages").evaluate("each => each.scrollIntoView({block: 'center'})")
    take(page, "stages", "tall")


def test_the_help(visit: Visit, owner: Account, take: Take, four_sites: None) -> None:
    page = visit("/help/clients/iphone/", owner)
    width, height, _colours = PLACES["phone"]
    page.set_viewport_size({"width": width, "height": height})
    page.locator(".menus").evaluate("each => each.scrollIntoView({block: 'center'})")
    take(page, "help", "phone")


def test_the_start_page_of_the_administration(
    verified: Page, admin: Account, owner: Account, take: Take, four_sites: None
) -> None:
    """With the roll-out that the demonstration invents."""
    demonstration.make_roll_out()
    for name in WORKERS:
        workers.Pulse(name, "mx1").beat({})
    statistics.count_now()
    verified.goto("/admin/")
    steps.button(verified, "Hide the first steps").click()
    verified.goto(f"/admin/?domain={demonstration.DOMAIN}")
    take(verified, "administration", "desktop")


def test_the_quick_panel(
    visit: Visit, owner: Account, take: Take, four_sites: None
) -> None:
    page = visit("/", owner)
    steps.button(page, "Settings").click()
    expect(steps.heading(page, "Quick settings")).to_be_visible()
    take(page, "quick-settings", "phone")
