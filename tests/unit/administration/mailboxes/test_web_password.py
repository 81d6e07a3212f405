"""The page that changes the web password of a mailbox."""

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Cutoff, SecurityEvent
from tests.factories import PASSWORD, make_account, make_client_password
from tests.signedin import sign_in_with_password
from tests.unit.support import everything_in_the_database, sign_in

pytestmark = pytest.mark.usefixtures("one_node")
MADE = re.compile(r'<output id="password"[^>]*>([^<]+)</output>')


def page_of(account: Account) -> str:
    return reverse("admin:auth_user_password_change", args=[account.pk])


def change(browser: Client, account: Account, one: str = "", two: str = "") -> Any:
    data = {"password1": one, "password2": two}
    return browser.post(page_of(account), data)


def test_it_speaks_of_the_web_password_and_says_what_then_happens(
    administrator: Client, alice: Account
) -> None:
    html = administrator.get(page_of(alice)).text

    for text in (
        "Change the web password of alice@example.com",
        "New web password",
        "Repeat the new web password",
        'value="Change the web password"',
        "the portal makes one, and shows it to you once",
        "Devices with security passwords go on as before.",
        "The owner is signed out of the portal in every browser",
        "A code for another device that was not scanned yet stops working.",
        "The owner is notified",
    ):
        assert text in html, text
    for text in ("for the user", "uthentication", "usable_password", "Enabled"):
        assert text not in html, text


def test_without_a_web_password_one_is_set(administrator: Client) -> None:
    none = make_account("none@example.com")
    none.set_unusable_password()
    none.save()

    html = administrator.get(page_of(none)).text
    answer = change(administrator, none, "a new web password", "a new web password")

    assert "Set a web password for none@example.com" in html
    assert 'value="Set a web password"' in html
    assert answer.status_code == 302
    none.refresh_from_db()
    assert none.check_password("a new web password")


def test_an_empty_form_makes_one_which_is_shown_once(
    administrator: Client,
    alice: Account,
    client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    owner = sign_in_with_password(alice)
    device = make_client_password(alice, "Phone")[0]

    answer = change(administrator, alice)

    (made,) = MADE.findall(answer.text)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    assert re.fullmatch(r"[a-z2-9]{3}(-[a-z2-9]{3}){4}", made)
    alice.refresh_from_db()
    assert alice.check_password(made)
    assert sign_in(client, alice.address, made).status_code == 302
    assert owner.get("/settings/").status_code == 302
    assert Cutoff.objects.get().login_mask == alice.address
    device.refresh_from_db()
    assert device.revoked_at is None
    later = administrator.get(page_of(alice)).text
    for text in (later, caplog.text, everything_in_the_database()):
        assert made not in text
    assert all(made not in str(row.get_decoded()) for row in Session.objects.all())
    assert all(made not in str(message.message()) for message in mail.outbox)


def test_a_made_one_is_recorded_like_a_typed_one(
    administrator: Client, alice: Account
) -> None:
    change(administrator, alice)
    change(administrator, alice, "a new web password", "a new web password")

    made, typed = SecurityEvent.objects.filter(kind="password-changed", account=alice)
    assert (made.detail, made.actor) == (typed.detail, typed.actor)
    assert made.actor == "admin@example.com"
    first, second = LogEntry.objects.values_list("change_message", flat=True)
    assert first == second
    assert "assword" in first


def test_a_typed_one_is_shown_nowhere(administrator: Client, alice: Account) -> None:
    new = "a new web password"
    page = administrator.post(
        page_of(alice), {"password1": new, "password2": new}, follow=True
    )

    assert "The web password was changed." in page.text
    assert new not in page.text
    assert not MADE.search(page.text)


@pytest.mark.parametrize(
    ("one", "two", "field"),
    [
        ("a new web password", "another web password", "password2"),
        ("a new web password", "", "password2"),
        ("", "a new web password", "password2"),
        ("12345", "12345", "password1"),
    ],
)
def test_one_that_is_refused_changes_nothing(
    administrator: Client, alice: Account, one: str, two: str, field: str
) -> None:
    answer = change(administrator, alice, one, two)

    assert list(answer.context["form"].errors) == [field]
    assert not MADE.search(answer.text)
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)
    assert not Cutoff.objects.exists()


def test_nobody_is_left_without_a_web_password(
    administrator: Client, alice: Account
) -> None:
    data = {"usable_password": "false", "unset-password": "1"}
    answer = administrator.post(page_of(alice), data)

    alice.refresh_from_db()
    assert alice.check_password(MADE.findall(answer.text)[0])
