"""The whole job in a browser, from the choice of the site to the last deletion."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.factories import PASSWORD

pytestmark = pytest.mark.browser


def test_the_chooser_lists_the_own_site_first(visit: Visit, four_sites: None) -> None:
    page = visit("/")

    sites = page.get_by_role("main").get_by_role("listitem")
    expect(sites).to_contain_text(
        ["Singapore", "United States", "China (Hong Kong)", "Germany"]
    )
    addresses = [site.get_by_role("link").get_attribute("href") for site in sites.all()]
    assert addresses[1:] == [
        "https://portal.us.example/login/",
        "https://portal.hk.example/login/",
        "https://portal.de.example/login/",
    ]


def test_a_person_does_the_whole_job(
    visit: Visit, alice: Account, four_sites: None
) -> None:
    page = visit("/")
    sign_in(page)
    go_to_the_page(page)
    assert steps.opens(alice, PASSWORD)
    steps.turn_on(page)
    assert not steps.opens(alice, PASSWORD)

    secret = steps.generate(page)
    copy(page, secret)
    steps.name_device(page, "Phone of Alice")
    expect(page.get_by_text("Security passwords (1 of 10)")).to_be_visible()
    assert secret not in page.content()
    assert steps.opens(alice, secret)

    steps.delete(page, "Phone of Alice")
    expect(page.get_by_text("Security passwords (0 of 10)")).to_be_visible()
    assert not steps.opens(alice, secret)

    steps.turn_off(page)
    assert steps.opens(alice, PASSWORD)


def sign_in(page: Page) -> None:
    page.get_by_role("link", name="Singapore").click()
    steps.sign_in(page, "Alice@Example.com", PASSWORD)
    expect(steps.heading(page, "alice@example.com")).to_be_visible()


def go_to_the_page(page: Page) -> None:
    steps.button(page, "Settings").click()
    expect(steps.heading(page, "Quick settings")).to_be_visible()
    steps.link(page, "View More Settings").click()
    navigation = page.get_by_role("navigation", name="Settings")
    expect(navigation).to_contain_text("Account and Security")
    navigation.get_by_role("link", name="Account Security").click()
    title = steps.heading(page, "Third-Party Client Logon Security Management")
    expect(title).to_be_visible()


def copy(page: Page, secret: str) -> None:
    expect(page.get_by_text("Shown only once")).to_be_visible()
    field = page.get_by_label("Device")
    expect(field).to_have_value("My Linux computer")
    steps.button(page, "Copy").click()
    expect(steps.button(page, "Copied")).to_be_visible()
    field.fill("")
    field.press("Control+V")
    expect(field).to_have_value(secret)


def test_switched_off_the_list_sleeps_and_on_again_it_revives(
    visit: Visit, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    page = visit(steps.AREA, alice)
    secret = steps.issue(page)
    steps.button(page, "Copy").click()
    steps.button(page, "OK").click()

    steps.switch(page).click()
    expect(page.get_by_text("Your security password stops")).to_be_visible()
    page.get_by_label("Dynamic Captcha").fill(steps.get_code(page))
    steps.button(page, "OK").click()
    asleep = page.get_by_text("Paused while the switch is off.")
    expect(asleep).to_be_visible()
    expect(page.get_by_role("link", name="Generate New Password")).to_be_hidden()
    assert not steps.opens(alice, secret)

    steps.switch(page).click()
    revived = page.get_by_text("The security password you created before works again.")
    expect(revived).to_be_visible()
    steps.button(page, "Turn on").click()
    expect(asleep).to_be_hidden()
    assert steps.opens(alice, secret)
