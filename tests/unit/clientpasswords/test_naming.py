"""*OK* and *Delete*: naming a device, and cutting it off."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tests.factories import make_client_password
from tests.unit.support import text_of

pytestmark = pytest.mark.usefixtures("client_passwords_on")

INDEX = "/settings/account-security/"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Kitchen tablet", "Kitchen tablet"),
        ("x" * 500, "x" * 64),
        ("a\r\nb\x00", "a b"),
        ("", "Phone"),
        ("\u200b\u202e", "Phone"),
        ("<script>", "<script>"),
    ],
)
def test_a_name_is_never_refused(
    browser: Client, alice: Account, typed: str, kept: str
) -> None:
    row, _secret = make_client_password(alice, "Phone")

    response = browser.post(
        reverse("clientpasswords:name", args=[row.pk]), {"label": typed}
    )

    row.refresh_from_db()
    assert response["Location"] == f"{INDEX}#third-party"
    assert row.label == kept


def test_a_name_that_is_missing_leaves_the_one_it_has(
    browser: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, "Phone")

    browser.post(reverse("clientpasswords:name", args=[row.pk]))

    row.refresh_from_db()
    assert row.label == "Phone"


def test_a_named_password_stands_out_once(browser: Client, alice: Account) -> None:
    row, _secret = make_client_password(alice, "Phone")
    browser.post(reverse("clientpasswords:name", args=[row.pk]), {"label": "Tablet"})

    first, second = text_of(browser), text_of(browser)

    assert "The password for “Tablet” is saved." in first
    assert "device-new" in first
    assert "device-new" not in second


def test_deleting_names_the_device_before_and_after(
    browser: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, "Lost phone")
    address = reverse("clientpasswords:delete", args=[row.pk])

    before = text_of(browser, address)
    after = browser.post(address, follow=True).content.decode()

    assert "Delete the password for “Lost phone”?" in before
    assert "“Lost phone” can no longer send or receive mail." in after
    assert not alice.client_passwords.live().exists()
