"""Who renames or deletes a mailbox hears before what happens to its mail."""

import html
import re
from threading import Event

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, FormerAddress, SecurityEvent
from tests.factories import make_account, make_domain
from tests.patience import PATIENCE
from tests.signedin import sign_in_verified
from tests.unit.administration.steps import save_account
from tests.unit.locks import wait_until_somebody_waits
from tests.unit.support import at_once

NEW = "renamed@example.com"


@pytest.fixture
def plain(db: None) -> Account:
    return make_account("plain@example.com", name="Plain")


def test_a_mailbox_is_not_renamed_before_that_was_confirmed(
    administrator: Client, plain: Account
) -> None:
    answer = save_account(administrator, plain, address=NEW, name="Another")

    text = html.unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "The mail does not move by itself." in text
    assert "Do this after renaming, not before" in text
    assert f"mv -T /srv/mail/plain@example.com /srv/mail/{NEW}" in text
    assert f"doveadm import -s -u {NEW} " in text
    plain.refresh_from_db()
    assert (plain.address, plain.name) == ("plain@example.com", "Plain")
    assert not SecurityEvent.objects.filter(kind="mailbox-changed").exists()


def test_what_was_typed_is_saved_once_it_is_confirmed(
    administrator: Client, plain: Account
) -> None:
    asked = save_account(administrator, plain, address=NEW, name="Another")
    form = asked.content.decode().partition('<form method="post">')[2]
    hidden = r'type="hidden" name="([^"]+)" value="([^"]*)"'
    typed = {name: html.unescape(value) for name, value in re.findall(hidden, form)}
    page = reverse("admin:accounts_account_change", args=[plain.pk])

    answer = administrator.post(page, typed | {"_confirmed": "1"}, follow=True)

    plain.refresh_from_db()
    assert (plain.address, plain.name) == (NEW, "Another")
    assert "does not move by itself" in answer.content.decode()
    assert FormerAddress.objects.get().account == plain


def test_who_keeps_the_address_is_not_asked(
    administrator: Client, plain: Account
) -> None:
    answer = save_account(administrator, plain, name="Another")

    assert answer.status_code == 302
    plain.refresh_from_db()
    assert (plain.address, plain.name) == ("plain@example.com", "Another")


def test_what_is_wrong_with_a_new_address_is_said_before_it_is_asked_about(
    administrator: Client, plain: Account
) -> None:
    make_account(NEW).delete()

    answer = save_account(administrator, plain, address=NEW)

    text = html.unescape(answer.content.decode())
    assert "A mailbox had this address until" in text
    assert "The mail does not move by itself." not in text


def test_the_page_that_asks_whether_to_delete_says_where_the_mail_stays(
    administrator: Client, plain: Account, settings: Settings
) -> None:
    settings.MAIL_HOME = "/var/mail/%d/%n"
    page = reverse("admin:accounts_account_delete", args=[plain.pk])

    text = html.unescape(administrator.get(page).content.decode())

    assert "<code>/var/mail/example.com/plain</code>" in text
    assert "rm -r /var/mail/example.com/plain" in text
    assert "offboard the mailbox instead" in text


def test_so_does_that_of_a_domain(administrator: Client) -> None:
    domain = make_domain("empty.example")
    page = reverse("admin:accounts_domain_delete", args=[domain.pk])

    text = administrator.get(page).content.decode()

    assert "Their addresses stay reserved" in text


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
def test_who_is_overtaken_reads_the_reason_and_no_error_page() -> None:
    """The address is taken between the form's question and the saving."""
    browser = sign_in_verified(Account.objects.create_superuser("admin@example.com"))
    plain = make_account("plain@example.com")
    is_taken = Event()

    def act(number: int) -> str:
        if number == 0:
            with transaction.atomic():
                make_account(NEW)
                is_taken.set()
                wait_until_somebody_waits()
            return ""
        is_taken.wait(PATIENCE)
        answer = save_account(browser, plain, address=NEW, _confirmed="1")
        return f"{answer.status_code} {answer.content.decode()}"

    _made, told = at_once(2, act)

    assert told.startswith("200 ")
    assert "Mailbox with this Address already exists." in told
    plain.refresh_from_db()
    assert plain.address == "plain@example.com"
