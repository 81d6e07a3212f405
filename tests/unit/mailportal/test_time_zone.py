"""Every page of the administration says of which zone its times are."""

import pytest
from pytest_django import Settings

from tests.factories import make_account
from tests.signedin import sign_in_verified
from tests.unit.administration.worlds import make_world
from tests.unit.mailportal.addresses import EVERY_ADDRESS, with_rows

pytestmark = pytest.mark.django_db


def test_every_page_of_the_administration_names_the_zone(settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Hong_Kong"
    world = make_world("ours")
    boss = make_account("boss@ours.example", is_staff=True, is_superuser=True)
    browser = sign_in_verified(boss)

    pages = {}
    for place in EVERY_ADDRESS:
        answer = browser.get(with_rows(place, world.rows))
        is_page = answer.headers.get("Content-Type", "").startswith("text/html")
        if place.startswith("/admin/") and answer.status_code == 200 and is_page:
            pages[place] = answer.content.decode()

    assert len(pages) >= 20
    words = "Times are in the time zone Asia/Hong_Kong."
    assert {page for page, text in pages.items() if words not in text} == set()
