"""Every page of an owner, one after the other; a page that is added is among them."""

from collections.abc import Iterator
from http import HTTPStatus

from playwright.sync_api import Page

from accounts.models import Account
from tests.browser.watch import Watch
from tests.unit.mailportal.addresses import ALL, MACHINES, POST_ONLY, address

LANGUAGES = ["en", "de", "zh-hans", "zh-hant"]
NO_PAGES = {"links:scanned", "healthz", "api-docs", "api:openapi-json"}
WALKED = sorted(
    name
    for name in set(ALL) - POST_ONLY - MACHINES - NO_PAGES
    if not name.startswith(("discovery:", "admin:", "api:"))
)


def walk(page: Page, account: Account, watch: Watch) -> Iterator[str]:
    """Go to every page, and yield its name."""
    pk = account.client_passwords.values_list("pk", flat=True)[0]
    for name in WALKED:
        response = page.goto(address(name, pk))
        assert response
        if response.status >= HTTPStatus.BAD_REQUEST:  # of no use to this owner now
            watch.expected.add(response.status)
        if response.headers["content-type"].startswith("text/html"):
            yield name
