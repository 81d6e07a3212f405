"""Each page says where a code comes from: a text message, the app, both or neither."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from accounts.models import Account, Phone, Policy
from tests.unit.clientpasswords.apps import NEW, make_app

pytestmark = pytest.mark.usefixtures("client_passwords_on")

LIST = "/settings/account-security/"
PHONE = "/settings/phone/"
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
BOTH = "Codes come from your authenticator app, or go to your phone +1 ••• •••• ••23."
TO_PHONE = "Codes go to your phone +1 ••• •••• ••23."
FROM_APP = "Codes come from your authenticator app."
EITHER = "with a code, by text message or from an authenticator app."
SENT = "We send a code to your phone +1 ••• •••• ••23."
OPEN_APP = "Open your authenticator app and enter the code it shows."
LATER = "You can use your authenticator app here from"
NO_PHONE = "No phone number is on file."
SET_UP = "Set up an authenticator app"
ON_PHONE_PAGE = "Codes by text message go to this number."
TEXTS = [
    BOTH,
    TO_PHONE,
    FROM_APP,
    EITHER,
    SENT,
    OPEN_APP,
    LATER,
    NO_PHONE,
    SET_UP,
    ON_PHONE_PAGE,
]
NUMBER = {PHONE: {ON_PHONE_PAGE}}
NO_NUMBER = {PHONE: {NO_PHONE}}
# Of an owner: has a phone, age of the app (None: no app), and what each page says.
# The list is behind the window.
OWNERS: dict[str, tuple[bool, timedelta | None, dict[str, set[str]]]] = {
    "phone": (True, None, {LIST: {TO_PHONE}, NEW: {TO_PHONE, SENT}, **NUMBER}),
    "both": (True, DAY, {LIST: {BOTH}, NEW: {BOTH, SENT, OPEN_APP}, **NUMBER}),
    "phone, new app": (
        True,
        MINUTE,
        {LIST: {TO_PHONE}, NEW: {TO_PHONE, SENT, LATER}, **NUMBER},
    ),
    "app": (False, DAY, {LIST: {FROM_APP}, NEW: {FROM_APP, OPEN_APP}, **NO_NUMBER}),
    "new app": (False, MINUTE, {LIST: {NO_PHONE, EITHER, LATER}, **NO_NUMBER}),
    "none": (False, None, {LIST: {NO_PHONE, EITHER, SET_UP}, **NO_NUMBER}),
}


def text_of(browser: Client, page: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(browser.get(page).content.decode()))


@pytest.mark.parametrize("owner", OWNERS)
def test_every_page_says_where_this_owners_codes_come_from(
    browser: Client, alice: Account, owner: str
) -> None:
    has_phone, age, pages = OWNERS[owner]
    Policy.objects.update(owner_sets_phone=True)
    if not has_phone:
        Phone.objects.all().delete()
    if age is not None:
        make_app(alice, age)

    said = {page: text_of(browser, page) for page in pages}

    assert {
        page: {each for each in TEXTS if each in text} for page, text in said.items()
    } == pages
