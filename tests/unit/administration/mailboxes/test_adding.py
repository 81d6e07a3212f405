"""One page adds a mailbox with its phone; then comes what its owner needs to know."""

import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, Notification, Phone, SecurityEvent
from administration.mailboxes import adding
from clientpasswords import passwords
from tests.factories import make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import browser_as, errors_of
from tests.unit.administration.steps import add_account
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.support import everything_in_the_database, sign_in

pytestmark = pytest.mark.one_database

ADD = "/admin/accounts/account/add/"
NUMBER = "+65 8123 4567"
MADE = re.compile(r'<output id="password"[^>]*>([^<]+)</output>')


def welcome_page(account: Account) -> str:
    return reverse("admin:accounts_account_welcome", args=[account.pk])


def letter_of(answer: Any) -> str:
    return str(answer.context["letter"])


def new() -> Account:
    return Account.objects.get(address="new@example.com")


def test_one_page_makes_the_mailbox_its_phone_and_a_web_password(
    administrator: Client, client: Client
) -> None:
    answer = add_account(administrator, web_password="", phone=NUMBER, name="Nele")

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    made = MADE.findall(answer.content.decode())
    assert len(made) == 1
    account = new()
    assert account.check_password(made[0])
    assert str(account.domain) == "example.com"
    assert str(Phone.objects.get(account=account).number) == "+6581234567"
    assert sign_in(client, account.address, made[0]).status_code == 302


def test_a_made_web_password_is_nowhere_afterwards(
    administrator: Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = add_account(administrator, web_password="", phone=NUMBER)
    made = MADE.findall(answer.content.decode())[0]

    later = administrator.get(welcome_page(new()))
    again = add_account(administrator, web_password="", phone=NUMBER)

    assert "A mailbox with this address exists." in again.content.decode()
    for text in (later.content.decode(), again.content.decode(), caplog.text):
        assert made not in text
    assert made not in everything_in_the_database()
    assert all(made not in str(row.get_decoded()) for row in Session.objects.all())
    assert not mail.outbox


def test_a_made_web_password_is_taken_for_no_security_password(db: None) -> None:
    made = {adding.generate_web_password() for _ in range(50)}

    assert len(made) == 50
    for each in made:
        assert re.fullmatch(r"[a-z2-9]{3}(-[a-z2-9]{3}){4}", each)
        assert not passwords.could_be_one(passwords.normalise(each))


def test_what_was_typed_is_the_web_password_and_shown_nowhere(
    administrator: Client,
) -> None:
    answer = add_account(administrator, phone=NUMBER)

    assert answer["Location"] == welcome_page(new())
    assert new().check_password("a long web password")
    page = administrator.get(answer["Location"])
    assert "a long web password" not in page.content.decode()
    assert not MADE.search(page.content.decode())


def test_a_mailbox_can_be_without_a_web_password_which_the_page_says(
    administrator: Client,
) -> None:
    answer = add_account(administrator, web_password="", without_password="on")

    assert not new().has_usable_password()
    page = administrator.get(answer["Location"]).content.decode()
    assert "its owner cannot sign in yet" in page


def test_a_typed_password_and_none_at_all_exclude_each_other(
    administrator: Client,
) -> None:
    answer = add_account(administrator, without_password="on")

    assert list(errors_of(answer)) == ["without_password"]
    assert "a long web password" not in answer.content.decode()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("8123 4567", "begins with + and the country code"),
        ("+49 30 123456", "a mobile phone"),
        ("6.58123E+09", "A spreadsheet has rounded"),
        ("+1 202 555 01234567", "There is no such phone number"),
    ],
)
def test_the_number_obeys_the_rules_of_all_numbers(
    administrator: Client, typed: str, said: str
) -> None:
    answer = add_account(administrator, phone=typed)

    assert list(errors_of(answer)) == ["phone"]
    assert said in errors_of(answer)["phone"][0]
    assert not Account.objects.filter(address="new@example.com").exists()


def test_who_may_add_domains_is_led_there_from_one_that_is_missing(
    administrator: Client,
) -> None:
    answer = add_account(administrator, address="new@nowhere.example")

    assert list(errors_of(answer)) == ["address"]
    assert f'<a href="{reverse("admin:accounts_domain_add")}">' in (
        answer.content.decode()
    )


def test_a_domain_with_markup_in_its_name_is_shown_as_text(
    administrator: Client,
) -> None:
    answer = add_account(administrator, address='a@<b onclick="x">.example')

    assert "<b onclick" not in answer.content.decode()


def test_the_audit_log_has_one_event_with_the_phone_masked(
    administrator: Client,
) -> None:
    add_account(administrator, phone=NUMBER, name="Nele", audit_reason="joins sales")

    event = SecurityEvent.objects.get(address="new@example.com")
    assert event.kind == Kind.MAILBOX_CREATED
    assert event.actor == "admin@example.com"
    assert event.reason == "joins sales"
    assert event.detail["changed"] == {
        "address": ["", "new@example.com"],
        "name": ["", "Nele"],
        "phone": ["", "+65 ••• •••• ••67"],
    }
    # Nothing was changed that an owner would have to know of.
    assert not Notification.objects.exists()


def test_who_may_enter_no_phone_is_not_asked_for_one(own: World) -> None:
    author = make_administrator("no group", own.domain)
    rights = ["add_account", "change_account", "view_account"]
    author.user_permissions.set(Permission.objects.filter(codename__in=rights))
    browser = sign_in_verified(author)

    page = browser.get(ADD)
    answer = add_account(browser, address="new@ours.example", phone=NUMBER)

    assert 'name="phone"' not in page.content.decode()
    assert answer.status_code == 302
    assert not Phone.objects.filter(account__address="new@ours.example").exists()


def test_the_page_says_no_word_of_programs(own: World) -> None:
    html = browser_as("domain", own).get(ADD).content.decode()

    assert 'name="phone"' in html
    for word in ("usable", "authentication", "password1", "user options"):
        assert word not in html


# --- the text for the owner -----------------------------------------------------------


def test_the_text_names_the_pages_and_the_phone_and_no_password(
    administrator: Client, settings: Settings
) -> None:
    settings.SUPPORT_ADDRESS = "help@example.com"
    add_account(administrator, phone=NUMBER, name="Nele")

    letter = letter_of(administrator.get(welcome_page(new())))

    for text in (
        "Hello Nele,",
        "your mailbox new@example.com is ready.",
        "/login/",
        "/settings/password/",
        "/settings/account-security/",
        "+65 ••• •••• ••67",
        "help@example.com",
    ):
        assert text in letter
    assert "a long web password" not in letter
    assert "81234567" not in letter


@pytest.mark.parametrize(
    ("language", "first"),
    [
        ("en", "Hello Nele,"),
        ("de", "Guten Tag Nele,"),
        ("zh-hans", "Nele\uff0c\u60a8\u597d\uff1a"),
        ("zh-hant", "Nele\uff0c\u60a8\u597d\uff1a"),
    ],
)
def test_the_text_is_in_the_language_of_the_owner_or_else_of_the_reader(
    administrator: Client, language: str, first: str
) -> None:
    add_account(administrator, name="Nele", language=language)
    theirs = administrator.get(welcome_page(new()))
    Account.objects.filter(pk=new().pk).update(language="")
    header = {"Accept-Language": language}
    readers = administrator.get(welcome_page(new()), headers=header)

    for answer in (theirs, readers):
        assert letter_of(answer).startswith(first)
        assert f'lang="{language}"' in answer.content.decode()


def test_where_no_mail_program_is_let_in_the_text_promises_none(
    administrator: Client,
) -> None:
    add_account(administrator, phone=NUMBER)
    closed = make_policy("Closed", third_party_logon=False)
    Account.objects.filter(pk=new().pk).update(policy=closed)

    letter = letter_of(administrator.get(welcome_page(new())))

    assert "security password" not in letter
    assert "phone" not in letter


def test_what_an_owner_is_called_is_no_markup(administrator: Client) -> None:
    add_account(administrator, name="<b>Nele & Söhne</b>")

    answer = administrator.get(welcome_page(new()))

    assert "Hello <b>Nele & Söhne</b>," in letter_of(answer)
    assert "<b>Nele" not in answer.content.decode()
