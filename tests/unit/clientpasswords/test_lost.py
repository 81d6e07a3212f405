"""*I lost a device*: several security passwords deleted at once, and only one's own."""

import re
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Account, SecurityEvent
from clientpasswords.models import ClientPassword
from clientpasswords.setup import links
from tests import factories
from tests.signedin import sign_in_verified
from tests.unit.support import HOME, at_once, code_for

INDEX = "/settings/account-security/"
WINDOWS = f"{INDEX}security-passwords/"
LOST = f"{WINDOWS}lost/"
ALL = f"{WINDOWS}delete-all/"


def named_by(window: str) -> dict[str, list[str]]:
    """What the form sends that is in the window."""
    pattern = r'<input type="hidden" name="device" value="(\d+)">'
    return {"device": re.findall(pattern, window)}


def window_in(page: str) -> str:
    """Return the open window without the list behind it; or the page."""
    return page.partition("<dialog")[2].partition("</dialog")[0] or page


def test_several_lost_devices_are_deleted_at_once(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    laptop = factories.make_client_password(alice, "Laptop")[0]
    kept = factories.make_client_password(alice, "Kept")[0]
    assert "Laptop" in browser.get(LOST).content.decode()

    answer = browser.post(LOST, {"device": [phone.pk, laptop.pk]}, follow=True)

    assert "2 devices can no longer send or receive mail." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [kept]


@pytest.mark.parametrize("chosen", ["old", "new"])
def test_a_lost_device_keeps_neither_of_its_two_passwords(
    chosen: str, browser: Client, alice: Account, phone: ClientPassword
) -> None:
    new = factories.make_client_password(alice, replaces=phone)[0]
    kept = factories.make_client_password(alice, "Kept")[0]

    pk = {"old": phone, "new": new}[chosen].pk
    answer = browser.post(LOST, {"device": [pk]}, follow=True)

    assert "1 device can no longer send or receive mail." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [kept]


@pytest.mark.parametrize("chosen", [[], ["x"], ["99999999999999999999999"], ["²"]])
def test_nothing_is_deleted_unless_chosen(
    chosen: list[str], browser: Client, alice: Account, phone: ClientPassword
) -> None:

    answer = browser.post(LOST, {"device": chosen})

    assert answer.status_code == 422
    assert "Choose at least one device." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [phone]


@pytest.mark.parametrize(("page", "status"), [(LOST, 422), (ALL, 302)])
def test_nobody_deletes_somebody_elses(
    client: Client, mallory: Account, phone: ClientPassword, page: str, status: int
) -> None:
    factories.make_client_password(mallory)
    client.force_login(mallory)

    answer = client.post(page, {"device": [phone.pk]})

    assert answer.status_code == status
    phone.refresh_from_db()
    assert phone.revoked_at is None
    assert mallory.client_passwords.live().count() == 1


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

    answer = browser.post(ALL, named_by(window), follow=True)

    assert "2 devices can no longer send or receive mail." in answer.content.decode()
    assert not alice.client_passwords.live().exists()
    assert list(bob.client_passwords.live()) == [others]
    told = SecurityEvent.objects.filter(kind="revoked", account=alice)
    assert {event.detail["device"] for event in told} == {phone.label, "Laptop"}


def test_a_device_that_was_added_after_the_window_was_opened_stays(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    form = named_by(browser.get(ALL).content.decode())
    added = factories.make_client_password(alice, "Laptop")[0]

    answer = browser.post(ALL, form, follow=True)

    assert "1 device can no longer send or receive mail." in answer.content.decode()
    assert list(alice.client_passwords.live()) == [added]
    again = browser.post(ALL, form, follow=True)
    assert "can no longer send" not in again.content.decode()
    assert list(alice.client_passwords.live()) == [added]


def test_a_form_that_names_none_is_answered_by_the_window(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    answer = browser.post(ALL)

    assert answer.status_code == 422
    assert named_by(answer.content.decode()) == {"device": [str(phone.pk)]}
    assert list(alice.client_passwords.live()) == [phone]


def test_where_there_is_none_nothing_is_asked_and_nothing_deleted_twice(
    browser: Client, phone: ClientPassword
) -> None:
    form = named_by(browser.get(ALL).content.decode())
    browser.post(ALL, form)

    for answer in (browser.get(ALL), browser.post(ALL, form)):
        assert answer.status_code == 302
    assert SecurityEvent.objects.filter(kind="revoked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_forms_sent_at_once_one_says_so(
    alice: Account, phone: ClientPassword
) -> None:
    form = {"device": [phone.pk]}
    browsers = [Client() for _number in range(5)]
    for each in browsers:
        each.force_login(alice)

    answers = at_once(5, lambda number: browsers[number].post(ALL, form))

    assert [answer.status_code for answer in answers] == [302] * 5
    told = [each.get(INDEX).content.decode() for each in browsers]
    assert sum("can no longer send" in page for page in told) == 1
    assert SecurityEvent.objects.filter(kind="revoked").count() == 1


@pytest.mark.parametrize("page", [LOST, ALL])
def test_a_link_that_was_out_brings_nothing_more(
    browser: Client, alice: Account, phone: ClientPassword, page: str
) -> None:
    offer = links.offer(alice, code=code_for(alice), attempt=uuid4(), by=HOME)
    browser.post(page, {"device": []})
    assert links.find(offer.token).account == alice

    browser.post(page, {"device": [phone.pk]})

    assert Client().post("/i/", {"token": offer.token}).status_code == 410
    assert not alice.client_passwords.live().exists()


def test_a_device_with_two_passwords_is_chosen_once(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    factories.make_client_password(alice, phone.label, replaces=phone)

    window = window_in(browser.get(LOST).text)

    assert window.count('type="checkbox"') == 1
    assert window.count(f"<bdi>{phone.label}</bdi>") == 2


# What names security passwords, of owners and of administrators.
NAMING = ["", "lost/", "delete-all/", "{old}/", "{old}/delete/", "{new}/"]
OF_ADMINISTRATORS = [
    "accounts/account/{account}/change/",
    "accounts/account/{account}/why/",
    "clientpasswords/clientpassword/",
]


@pytest.mark.parametrize("page", [*NAMING, *OF_ADMINISTRATORS])
def test_the_two_passwords_of_a_device_are_told_from_each_other(
    page: str, browser: Client, alice: Account, phone: ClientPassword
) -> None:
    new = factories.make_client_password(alice, phone.label, replaces=phone)[0]
    names = {"old": phone.pk, "new": new.pk, "account": alice.pk}
    if page in OF_ADMINISTRATORS:
        admin = factories.make_account("a@example.com", is_staff=True)
        Account.objects.filter(pk=admin.pk).update(is_superuser=True)
        admin.refresh_from_db()
        shown = sign_in_verified(admin).get(f"/admin/{page.format(**names)}").text
    else:
        base = WINDOWS if page else INDEX
        shown = window_in(browser.get(base + page.format(**names)).text)

    told = set(re.findall(r"(?:>|\(|· )(old|new) password", shown))
    assert told == {"old", "new"} - {
        "{old}" in page and "new",
        "{new}" in page and "old",
    }
