"""The button to press stands last, on every page."""

import re

import pytest
from django.test import Client

from accounts.models import Account
from tests.factories import make_client_password
from tests.unit.mailportal.addresses import ALL, MACHINES, POST_ONLY, address

PAGES = sorted(
    name
    for name in set(ALL) - POST_ONLY - MACHINES
    if not name.startswith(("api", "discovery:", "healthz"))
)
# From the beginning of a row of buttons to the end of the element that it is.
ROW = re.compile(r'<(\w+) class="actions"[^>]*>(.*?)</\1>', re.DOTALL)
BUTTON = re.compile(r'class="(button[^"]*)"')
LOUD = {"button-primary", "button-danger"}
# Enter presses the first button of a form, which must not be the one that leads back.
STACKED = {"two_factor:login"}


@pytest.mark.parametrize("name", sorted(set(PAGES) - STACKED))
def test_the_button_to_press_is_the_only_loud_one_and_the_last(
    browser: Client, alice: Account, name: str
) -> None:
    Account.objects.update(client_passwords_on=True)
    row, _secret = make_client_password(alice)

    page = browser.get(address(name, row.pk), follow=True).content.decode(
        errors="replace"
    )

    for _tag, inside in ROW.findall(page):
        loud = [bool(LOUD & {*each.split()}) for each in BUTTON.findall(inside)]
        assert not any(loud[:-1]), inside
