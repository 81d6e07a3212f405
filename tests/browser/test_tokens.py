"""Site operators make a token for a program, hand it over once, and take it away."""

import re

import pytest
from playwright.sync_api import Page, expect

from provisioning.models import ApiToken
from tests.browser import steps
from tests.browser.look import Look
from tests.browser.watch import Watch
from tests.factories import make_domain
from tests.unit.api.conftest import client_with

pytestmark = pytest.mark.browser

LIST = "/admin/provisioning/apitoken/"
TEXT = re.compile(r"^mpt_[0-9a-f]{12}_[\w-]{43}$")


def fill_in(page: Page) -> None:
    page.get_by_label("Name:", exact=True).fill("directory")
    page.get_by_label("accounts:read").check()
    page.get_by_label("only these domains").check()
    page.locator(".field-domains").get_by_role("searchbox").fill("firm")
    page.get_by_role("option", name="firm.example").click()
    page.get_by_label("Reason:").fill("For the directory")


def copy_and_send_again(page: Page, text: str) -> None:
    steps.button(page, "Copy").click()
    expect(steps.button(page, "Copied")).to_be_visible()
    page.reload()
    expect(page.get_by_text("A token with this name exists or existed")).to_be_visible()
    assert text not in page.content()


def test_a_token_is_made_shown_once_and_revoked(
    verified: Page, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    make_domain("firm.example")
    verified.goto("/admin/")
    steps.link(verified, "API tokens").first.click()
    look(verified, "admin-tokens-none")
    verified.locator(".addlink:visible").last.click()
    steps.button(verified, "Create the token").click()
    expect(verified.get_by_text("The token was not created")).to_be_visible()
    look(verified, "admin-token-refused")

    fill_in(verified)
    steps.button(verified, "Create the token").click()
    token = verified.get_by_role("status").filter(has_text=TEXT)
    expect(token).to_be_visible()
    look(verified, "admin-token-made")
    text = token.inner_text()
    program = client_with(text)
    assert program.get("/api/v1/accounts").status_code == 200

    copy_and_send_again(verified, text)
    verified.goto(LIST)
    expect(verified.get_by_role("cell", name="admin@example.com")).to_be_visible()
    look(verified, "admin-tokens")
    verified.get_by_label("Beginning of the name").press("Control+V")
    expect(verified.get_by_label("Beginning of the name")).to_have_value(text)
    steps.link(verified, "directory").click()
    look(verified, "admin-token")
    steps.link(verified, "Revoke").click()
    look(verified, "admin-token-revoke")
    steps.button(verified, "Revoke “directory”").click()

    expect(verified.get_by_text("no longer works")).to_be_visible()
    look(verified, "admin-tokens-revoked")
    assert program.get("/api/v1/accounts").status_code == 401
    assert not ApiToken.objects.live().exists()
