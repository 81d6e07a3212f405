"""An address of 254 octets is shown whole, on every page that shows it."""

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve

from accounts import events
from accounts.events import Actor, Kind
from accounts.models import Cutoff, FormerAddress
from provisioning.models import ApiToken
from tests.factories import make_account
from tests.longaddresses import LENGTHS, address_of, columns_that_cut
from tests.signedin import sign_in_verified
from tests.unit.administration.worlds import World, make_world
from tests.unit.mailportal.addresses import EVERY_ADDRESS, with_rows

START = "owner"
ADDRESS = address_of(START, max(LENGTHS), ".ours.example")
FORMER = address_of(START, max(LENGTHS), ".gone.example")
LOCAL_PART = f"{ADDRESS.partition('@')[0]}@"


@pytest.fixture
def world(db: None) -> World:
    """One of whose owner everything tells, who is also its administrator."""
    made = make_world("ours")
    make_account(FORMER).delete()
    owner = made.owner
    owner.address, owner.is_staff, owner.is_superuser = ADDRESS, True, True
    owner.save()
    events.record(Kind.SIGNED_IN, owner, by=Actor(ADDRESS))
    Cutoff.objects.update(login_mask=f"{ADDRESS}*")
    ApiToken.objects.update(created_by=ADDRESS)
    made.rows["accounts_securityevent"] = owner.security_events.latest("pk")
    made.rows["accounts_formeraddress"] = FormerAddress.objects.get(address=FORMER)
    return made


def texts(browser: Client, world: World) -> dict[str, str]:
    """Return what is to be read on each page that opens."""
    answers: dict[str, Any] = {}
    for each in EVERY_ADDRESS:
        page = with_rows(each, world.rows)
        answers[page] = browser.get(page)
    return {
        page: answer.content.decode()
        for page, answer in answers.items()
        if answer.status_code == 200 and not answer.streaming
    }


def test_every_page_shows_the_whole_of_it(world: World) -> None:
    pages = texts(sign_in_verified(world.owner), world)

    shown = {page: text for page, text in pages.items() if LOCAL_PART in text}
    whole = (ADDRESS, FORMER)
    cut = {
        page
        for page, text in shown.items()
        if text.count(LOCAL_PART) != sum(map(text.count, whole))
    }
    assert cut == set()
    assert len(shown) > 80
    assert {resolve(page).view_name for page in shown} >= {
        "admin:accounts_account_why",
        "admin:accounts_securityevent_change",
        "clientpasswords:index",
    }
    assert columns_that_cut(*whole) == set()


def test_a_part_of_it_would_be_found(world: World) -> None:
    Cutoff.objects.update(login_mask=f"{ADDRESS[:200]}*")
    assert columns_that_cut(ADDRESS, FORMER) == {"accounts.Cutoff.login_mask"}
