"""*I lost a device*: several security passwords deleted at once, and only one's own."""

import pytest
from django.test import Client

from accounts.models import Account, SecurityEvent
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from tests import factories

WINDOWS = "/settings/account-security/security-passwords/"
LOST = f"{WINDOWS}lost/"
ALL = f"{WINDOWS}delete-all/"


@pytest.fixture
def phone(alice: Account) -> ClientPassword:
    Account.objects.update(client_passwords_on=True)
    return factories.make_client_password(alice)[0]


def test_several_lost_devices_are_deleted_at_once(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    laptop = factories.make_client_password(alice, "Laptop")[0]
    kept = factories.make_client_password(alice, "Kept")[0]
    assert "Laptop" in browser.get(LOST).content.decode()

    answer = browser.post(LOST, {"device": [phone.pk, laptop.pk]}, follow=True)

    assert "2 devices can no longer send or receive mail." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [kept]


@pytest.mark.parametrize("chosen", [[], ["x"], ["99999999999999999999999"], ["²"]])
def test_nothing_is_deleted_unless_chosen(
    chosen: list[str], browser: Client, alice: Account, phone: ClientPassword
) -> None:

    answer = browser.post(LOST, {"device": chosen})

    assert answer.status_code == 422
    assert "Choose at least one device." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [phone]


def test_nobody_deletes_somebody_elses(
    client: Client, mallory: Account, phone: ClientPassword
) -> None:
    factories.make_client_password(mallory)
    client.force_login(mallory)

    answer = client.post(LOST, {"device": [phone.pk]})

    assert answer.status_code == 422
    phone.refresh_from_db()
    assert phone.revoked_at is None


def test_all_devices_are_deleted_at_once_after_a_window_that_names_them(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    laptop = factories.make_client_password(alice, "Laptop")[0]
    bob = factories.make_account("bob@example.com")
    others = factories.make_client_password(bob)[0]

    window = browser.get(ALL).content.decode()
    assert "Delete all 2 security passwords?" in window
    assert phone.label in window
    assert laptop.label in window
    assert alice.client_passwords.live().count() == 2

    answer = browser.post(ALL, follow=True)

    assert "2 devices can no longer send or receive mail." in answer.content.decode()
    assert not alice.client_passwords.live().exists()
    assert list(bob.client_passwords.live()) == [others]
    told = SecurityEvent.objects.filter(kind="revoked", account=alice)
    assert {event.detail["device"] for event in told} == {phone.label, "Laptop"}


def test_where_there_is_none_nothing_is_asked_and_nothing_deleted_twice(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    browser.post(ALL)

    for answer in (browser.get(ALL), browser.post(ALL)):
        assert answer.status_code == 302
    assert SecurityEvent.objects.filter(kind="revoked").count() == 1


def test_of_two_forms_at_once_the_second_says_nothing(
    browser: Client, phone: ClientPassword, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the first was carried out after the second had looked."""
    monkeypatch.setattr(lifecycle, "revoke", lambda rows, by: 0)

    answer = browser.post(ALL, follow=True)

    assert "can no longer send" not in answer.content.decode()
