"""The system's Chromium: one for all tests, and a context of its own for each."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from two_factor.utils import default_device

from accounts.models import Account
from tests import factories
from tests.browser.look import DESKTOP, Look, judge
from tests.browser.watch import Watch
from tests.patience import PATIENCE
from tests.signedin import sign_in_verified, sign_in_with_password

INSECURE = "portal.test"  # to browsers not a safe place, as localhost is
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--host-resolver-rules=MAP {INSECURE} 127.0.0.1",
]

Visit = Callable[..., Page]
OWNERS_DEVICES = ["My iPhone", "Scanner, 3rd floor, next to the kitchen", "Outlook"]

# Of the authenticator apps of administrators.
TOTP_KEY = "0123456789abcdef0123456789abcdef01234567"


def pytest_addoption(parser: pytest.Parser) -> None:
    text = "keep a picture of every state that the tests look at"
    parser.addoption("--screenshots", metavar="FOLDER", help=text)
    text = "put the pictures of the README there"
    parser.addoption("--pictures", metavar="FOLDER", help=text)


@pytest.fixture(scope="package")
def chromium() -> str:
    """Debian's; Playwright's own cannot be downloaded everywhere."""
    path = shutil.which("chromium")
    assert path, "Install the package chromium."
    return path


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Started for this folder only: while it runs, this thread has an event loop.

    Django would take the tests for asynchronous code and refuse them the database.
    """
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as running:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        expect.set_options(timeout=1000 * PATIENCE)
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def large_browser(playwright: Playwright, chromium: str) -> Iterator[Browser]:
    """Set to text twice as large; media queries in rem follow, as for people."""
    arguments = [*ARGUMENTS, "--blink-settings=defaultFontSize=32"]
    browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def look(request: pytest.FixtureRequest) -> Look:
    """Judge a page as it is, in both appearances and two widths."""
    return partial(judge, folder=request.config.getoption("--screenshots", None))


@pytest.fixture
def watch(live_server: LiveServer) -> Iterator[Watch]:
    """Fails the test for anything in a console, and for requests to other hosts."""
    insecure = f"http://{INSECURE}:{live_server.thread.port}"
    watch = Watch(live_server.url, insecure)
    yield watch
    assert watch.complaints == []
    assert watch.refusals == watch.expected


@pytest.fixture
def visit(
    browser: Browser, live_server: LiveServer, watch: Watch, transactional_db: None
) -> Iterator[Visit]:
    """Open a page in a browser of its own; signed in as `account`, if one is given."""
    contexts: list[BrowserContext] = []

    def open_page(
        path: str = "/",
        account: Account | None = None,
        *,
        browser: Browser = browser,
        url: str = live_server.url,
        width: int = DESKTOP,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": 900},
            locale="en-GB",
            **options,
        )
        contexts.append(context)
        context.set_default_timeout(1000 * PATIENCE)
        watch.over(context)
        if account is not None:
            sign_in_at_once(context, account, url)
        page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


def sign_in_at_once(context: BrowserContext, account: Account, url: str) -> None:
    """As if `account` had gone through the sign-in, and the second step if need be."""
    device = default_device(account)
    client = (
        sign_in_verified(account, device) if device else sign_in_with_password(account)
    )
    value = client.cookies["session"].value
    context.add_cookies([{"name": "session", "value": value, "url": url}])


@pytest.fixture
def owner(alice: Account) -> Account:
    """Alice with security passwords, one of which is about to end, and their logons."""
    Account.objects.update(client_passwords_on=True)
    soon = timezone.now() + timedelta(days=2)
    for name in OWNERS_DEVICES:
        row, _secret = factories.make_client_password(alice, name, expires_at=soon)
        factories.make_usage(row)
        factories.make_logon_days(row)
        factories.make_logon(alice, client_password=row)
    factories.make_logon(alice, reason="wrong-password", by_web_password=False)
    TOTPDevice.objects.create(user=alice, name="default")
    return alice


@pytest.fixture
def four_sites(settings: Settings, live_server: LiveServer) -> None:
    """The sites of the demonstration; ours is not the first that is configured."""
    names = {"us": "United States", "hk": "China (Hong Kong)", "de": "Germany"}
    others = [
        {"key": key, "name": name, "url": f"https://portal.{key}.example/"}
        for key, name in names.items()
    ]
    own = next(site for site in settings.MAIL_SITES if site["key"] == "sg")
    settings.MAIL_SITES = [*others, {**own, "url": f"{live_server.url}/"}]


@pytest.fixture
def admin(transactional_db: None) -> Account:
    return factories.make_account("admin@example.com", is_staff=True, is_superuser=True)


@pytest.fixture
def verified(visit: Visit, admin: Account) -> Page:
    """The administration, for an administrator who has gone through both steps."""
    TOTPDevice.objects.create(user=admin, name="default", key=TOTP_KEY)
    return visit("/admin/", admin)
