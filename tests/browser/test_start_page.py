"""The administration's first page: looked at, and by everybody."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import Account
from mailportal import demonstration
from provisioning import statistics
from tests import factories
from tests.browser import steps
from tests.browser.look import Look

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_the_first_page_is_for_everybody(
    verified: Page, admin: Account, look: Look, language: str
) -> None:
    """Wide and narrow, light, dark and forced; without data, and with a year of it."""
    Account.objects.filter(pk=admin.pk).update(language=language)
    verified.goto("/admin/")
    expect(verified.locator(".plot")).to_have_count(6)
    expect(verified.locator(".plot-picture")).to_have_count(0)
    if language == "en":
        look(verified, f"admin-start-empty-{language}")

    demonstration.make_roll_out()
    statistics.count_now()
    verified.goto("/admin/")
    expect(verified.locator(".plot-picture")).to_have_count(4)
    sizes = "all => all.map(each => `${each.offsetWidth} x ${each.offsetHeight}`)"
    tiles = verified.locator(".tile").evaluate_all(sizes)
    assert len(tiles) == 5
    assert len(set(tiles)) == 1
    look(verified, f"admin-start-{language}")


def test_each_plot_has_a_table_and_leads_to_its_list(verified: Page) -> None:
    demonstration.make_roll_out()
    statistics.count_now()
    verified.goto("/admin/")

    verified.get_by_label("Domain").select_option(demonstration.DOMAIN)
    steps.button(verified, "Show").click()
    plot = verified.get_by_role("region", name="Mail logons a day")
    plot.get_by_text("As a table").click()
    expect(plot.get_by_role("columnheader", name="Refused")).to_be_visible()
    expect(plot.get_by_role("row")).to_have_count(31)

    steps.link(verified, "deleted security password").click()
    rows = verified.locator("#result_list tbody tr")
    expect(rows.get_by_text("deleted security password").first).to_be_visible()
    expect(rows).not_to_have_count(0)


def test_a_new_host_is_told_what_is_missing(verified: Page) -> None:
    factories.make_account("one@example.com")
    verified.reload()

    expect(verified.get_by_text("Mailboxes have not been counted yet.")).to_have_count(
        2
    )
    expect(verified.get_by_text("No mail logon was counted")).to_have_count(3)
