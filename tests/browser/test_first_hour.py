"""From an empty database to the first mail program, by the guide on the start page.

The mail host is a real one. What is counted at the end is what a person does: the
command, the clicks, the fields and the pages until the mailbox is with its owner.
"""

from base64 import b32decode
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone
from django_otp.oath import totp
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, Heartbeat
from accounts.models.heartbeat import WORKERS
from deploy.mailhost import MailHost
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.environment import FOLDER, POSTGRES
from tests.factories import PASSWORD
from tests.mailserver.clients import Imap

pytestmark = pytest.mark.browser

ROOT, OWNER = "root@example.com", "nele@example.com"


@pytest.fixture
def mail_host(transactional_db: None) -> Iterator[MailHost]:
    """A Dovecot and Postfix that read the database of this test."""
    name = str(connection.settings_dict["NAME"])
    url = POSTGRES.url(database=name) if POSTGRES else f"sqlite:///{name}"
    missing = MailHost.missing(url)
    assert not missing, f"these packages are needed: {missing}"
    folder = FOLDER / "first-hour"
    with MailHost(folder, database_url=url, webmail_networks=[]) as host:
        yield host


@pytest.fixture
def created(
    mail_host: MailHost, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> MailHost:
    """The mail host, and an empty database after the one command."""
    settings.MAIL_SITES = []
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    assert not Account.objects.exists()
    call_command("createsuperuser", address=ROOT, interactive=False)
    return mail_host


@dataclass
class Effort:
    """What a person does on the way."""

    page: Page
    clicks: int = 0
    fields: int = 0
    pages: set[str] = field(default_factory=set)

    def click(self, name: str) -> None:
        """Press a button or follow a link."""
        button, link = steps.button(self.page, name), steps.link(self.page, name)
        button.or_(link).first.click()
        self.page.wait_for_load_state()
        self.clicks += 1
        self.pages.add(self.page.url.partition("?")[0])

    def fill(self, label: str, text: str) -> None:
        self.page.get_by_label(label, exact=True).fill(text)
        self.fields += 1


def ticked(page: Page) -> list[str]:
    """The titles of the steps that are done, in the guide."""
    page.goto("/admin/")
    done = page.locator(".guide li.done > div > a")
    return [text.strip() for text in done.all_text_contents()]


def set_the_second_factor_up(effort: Effort) -> None:
    page = effort.page
    effort.click("Next")
    page.get_by_text("I cannot scan it").click()
    key = "".join((page.locator("#totp-key").text_content() or "").split())
    code = totp(b32decode(key))
    effort.fill("Code from your authenticator app", f"{code:06}")
    effort.fill("Web password", PASSWORD)
    effort.click("Next")


def add_the_mailbox(effort: Effort) -> str:
    """Add it by the guide, and return the web password that was made."""
    effort.click("Mailbox with a phone")
    effort.fill("Address:", OWNER)
    effort.fill("Name:", "Nele")
    effort.fill("Phone number:", "+65 8123 4567")
    effort.click("Add the mailbox")
    made = effort.page.locator("output#password").text_content()
    assert made
    letter = effort.page.locator("#letter")
    expect(letter).to_contain_text("Hello Nele,")
    expect(letter).not_to_contain_text(made)
    return made


def try_it(page: Page, password: str) -> None:
    steps.link(page, "Try whether a mail program would get in").click()
    expect(page.get_by_label("Address:", exact=True)).to_have_value(OWNER)
    page.get_by_label("Password:", exact=True).fill(password)
    steps.button(page, "Try it").click()
    expect(page.get_by_text("Yes, the mail server would let it in.")).to_be_visible()
    expect(page.get_by_text("What you typed is the web password.")).to_be_visible()
    assert password not in page.content()


def make_a_security_password(page: Page, web_password: str) -> str:
    steps.sign_in(page, OWNER, web_password)
    page.goto(steps.AREA)
    steps.turn_on(page)
    return steps.issue(page)


def test_the_guide_leads_from_an_empty_database_to_the_first_mail_program(
    visit: Visit,
    created: MailHost,
    live_server: LiveServer,
    settings: Settings,
    look: Look,
) -> None:
    page = visit("/login/?next=/admin/")
    effort = Effort(page)
    effort.fill("Full address", ROOT)
    effort.fill("Web password", PASSWORD)
    effort.click("Sign in")
    set_the_second_factor_up(effort)
    expect(steps.heading(page, "First steps")).to_be_visible()
    assert ticked(page) == ["Second factor", "Domain"]
    look(page, "first-steps")

    made = add_the_mailbox(effort)
    look(page, "mailbox-added")
    # It was nine clicks, eight fields and six pages, with a second page for the phone.
    assert (effort.clicks, effort.fields) == (5, 7)
    assert len(effort.pages) == 3  # besides the sign-in
    try_it(page, made)
    look(page, "tried")
    assert ticked(page) == ["Second factor", "Domain", "Mailbox with a phone", "Try it"]

    secret = make_a_security_password(visit("/login/"), made)
    log = ["follow_logons", str(created.dovecot_log), "--node", "mx1", "--once"]
    call_command(*log)
    program = Imap(created.ports.imap)
    program.login(OWNER, secret)
    program.logout()
    call_command(*log)
    assert "First mail program" in ticked(page)

    finish(page, settings, live_server)


def finish(page: Page, settings: Settings, live_server: LiveServer) -> None:
    """Take the steps that are left: the guide goes by itself."""
    server = {"host": "mail.example.com", "port": 993, "security": "SSL/TLS"}
    settings.MAIL_SITE, url = "own", f"{live_server.url}/"
    site = {"key": "own", "name": "Ours", "url": url, "imap": server, "smtp": server}
    settings.MAIL_SITES = [site]
    for worker in WORKERS:
        values = {"node": "mx1", "seen_at": timezone.now()}
        Heartbeat.objects.update_or_create(worker=worker, defaults=values)
    page.goto("/admin/")
    steps.button(page, "Hide the first steps").click()
    expect(steps.heading(page, "First steps")).to_be_hidden()
    steps.button(page, "Show the first steps").click()
    steps.link(page, "Policy").first.click()
    steps.link(page, "Standard").click()
    steps.button(page, "Save").click()
    page.goto("/admin/")
    expect(steps.heading(page, "Policies and mailboxes")).to_be_visible()
    expect(steps.heading(page, "First steps")).to_be_hidden()
    assert Account.objects.count() == 2
