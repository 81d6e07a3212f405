"""Times on the portal's pages are those of their reader."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Account
from clientpasswords.models import Usage
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.factories import make_client_password

pytestmark = pytest.mark.browser

SINGAPORE = "Asia/Singapore"
LAST_USED = "time[data-moment=ago]"


def use(account: Account, label: str, ago: timedelta) -> str:
    """Make a device that was last used so long ago; return its hour in Singapore."""
    row, _secret = make_client_password(account, label=label)
    at = timezone.now() - ago
    Usage.objects.create(
        client_password=row, first_at=at, last_at=at, protocol="imap", node="mx"
    )
    return f"{at.astimezone(ZoneInfo(SINGAPORE)):%H:%M}"


def used(page: Page, label: str) -> str:
    return steps.device(page, label).locator(LAST_USED).inner_text()


def test_a_time_is_local_and_what_is_recent_says_how_long_ago(
    visit: Visit, bob: Account
) -> None:
    recent = use(bob, "Phone", timedelta(minutes=2, seconds=20))
    old = use(bob, "Laptop", timedelta(days=30))

    page = visit(steps.AREA, bob, timezone_id=SINGAPORE)

    time = steps.device(page, "Phone").locator(LAST_USED)
    expect(time).to_contain_text("2 minutes ago")
    assert recent in (time.get_attribute("title") or "")
    assert recent in time.locator(".visually-hidden").inner_text()
    assert old in used(page, "Laptop")
    assert "ago" not in used(page, "Laptop")


def test_without_scripts_a_time_names_its_zone(visit: Visit, bob: Account) -> None:
    use(bob, "Phone", timedelta(minutes=2))

    page = visit(steps.AREA, bob, timezone_id=SINGAPORE, java_script_enabled=False)

    assert used(page, "Phone").endswith("(UTC)")
