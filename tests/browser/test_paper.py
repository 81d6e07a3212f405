"""Every page of the administration on paper, for whoever chose dark."""

import pytest
from playwright.sync_api import Page

from accounts.models import Account
from tests.browser.look import find_print_faults
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import PAGES, address
from tests.unit.administration.worlds import World, make_world

pytestmark = pytest.mark.browser


def list_pages_of_html(world: World, admin: Account) -> list[str]:
    """The pages that a superuser may open."""
    browser = sign_in_verified(admin)
    paths = {address(name, world) for name in PAGES if name != "logout"}
    answers = {path: browser.get(path) for path in sorted(paths)}
    return [
        path
        for path, answer in answers.items()
        if answer.status_code == 200 and "html" in answer["Content-Type"]
    ]


def test_every_page_of_the_administration_prints(
    verified: Page, admin: Account
) -> None:
    """Its tables whole, without what only a screen needs, dark on white."""
    wrong = {}
    paths = list_pages_of_html(make_world("ours"), admin)
    assert len(paths) > 60

    for path in paths:
        verified.goto(path)
        if found := find_print_faults(verified):
            wrong[path] = found

    assert wrong == {}
