"""The pages on which owners see and change their phone number."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, NewPhone, Phone
from accounts.moments import moment
from accounts.policy import effective
from gateways import sms
from tests.factories import PASSWORD
from tests.unit.administration.jobsteps import do
from tests.unit.support import last_code, other_than

pytestmark = pytest.mark.both_databases

OLD, NEW = "+12025550123", "+12025550177"
PAGE = "/settings/phone/"
NUMBER, CODE, SEND = f"{PAGE}number/", f"{PAGE}code/", f"{PAGE}code/send/"


def enter(browser: Client, number: str = NEW, password: str = PASSWORD) -> Any:
    return browser.post(NUMBER, {"number": number, "password": password})


def press_get_code(browser: Client) -> str:
    response = browser.post(SEND)
    assert (response.status_code, response["Location"]) == (302, CODE)
    return last_code()


def press_next(browser: Client, code: str) -> Any:
    return browser.post(CODE, {"code": code})


def test_the_number_is_shown_masked_with_the_way_to_change_it(browser: Client) -> None:
    page = browser.get(PAGE).text

    assert "+1 ••• •••• ••23" in page
    assert OLD not in page
    assert NUMBER in page


def test_the_whole_way_to_another_number(browser: Client, alice: Account) -> None:
    assert enter(browser)["Location"] == CODE
    first = browser.get(CODE).text
    assert "Step 1 of 2" in first
    assert "+1 ••• •••• ••23" in first

    assert press_next(browser, press_get_code(browser))["Location"] == CODE
    second = browser.get(CODE).text
    assert "Step 2 of 2" in second
    assert "+1 ••• •••• ••77" in second

    done = press_next(browser, press_get_code(browser))
    assert done["Location"] == PAGE
    page = browser.get(PAGE).text
    assert "The new phone number is on file." in page
    assert "The new number gets codes in 1\xa0day." in page
    assert NUMBER not in page
    assert str(Phone.objects.get(account=alice).number) == NEW


def test_a_sent_code_is_said_with_its_cool_down(
    browser: Client, clock: Traveller
) -> None:
    enter(browser)
    press_get_code(browser)

    page = browser.get(CODE).text
    again = browser.post(SEND)

    assert "Code sent. It is valid for 5 minutes." in page
    assert 'data-cooldown="60"' in page
    assert (again.status_code, again["Retry-After"]) == (429, "60")
    assert "Wait 60 seconds, then try again." in again.text


def test_a_wrong_code_is_said_and_not_shown_again(browser: Client) -> None:
    enter(browser)
    wrong = other_than(press_get_code(browser))

    answer = press_next(browser, wrong)

    assert answer.status_code == 422
    assert "Incorrect code. 4 tries left." in answer.text
    assert wrong not in answer.text


def test_what_is_no_code_is_refused_by_the_form(browser: Client) -> None:
    enter(browser)

    answer = press_next(browser, "48291x")

    assert answer.status_code == 422
    assert "The code has six digits." in answer.text


@pytest.mark.parametrize("path", [CODE, SEND])
def test_without_a_change_under_way_there_is_no_code(
    browser: Client, path: str
) -> None:
    for answer in (browser.post(path, {"code": "123456"}), browser.get(CODE)):
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert sms.outbox == []
    assert "This change cannot be continued." in browser.get(PAGE).text


def test_the_web_password_is_needed_and_its_tries_are_counted(
    clock: Traveller, browser: Client, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 2
    answers = [enter(browser, password="wrong") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [422, 422, 429]
    assert "Incorrect web password." in answers[0].text
    assert (
        "wrong"
        not in answers[0].context["form"].as_p().split("Incorrect web password")[1]
    )
    assert not NewPhone.objects.exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("0151 23456789", "begins with + and the country code"),
        ("+1", "Enter a phone number such as"),
        ("call me", "begins with + and the country code"),
        ("4.91511E+12", "A spreadsheet has rounded this number"),
        ("+493012345678", "Enter the number of a mobile phone."),
        ("+1 202 555 0123 ext. 9", "Codes cannot be sent to an extension."),
        ("+19005550123", "Enter the number of a mobile phone."),
        ("+12025550177 / 0178", "phone number"),
        (OLD, "This number is already on file."),
        ("", "This field is required."),
    ],
)
def test_a_number_that_cannot_be_is_refused_by_the_form(
    browser: Client, number: str, said: str
) -> None:
    answer = enter(browser, number)

    assert answer.status_code == 422
    assert said in answer.text
    assert not NewPhone.objects.exists()


@pytest.mark.parametrize("number", ["+4915123456789", "+65 8123 4567", NEW])
def test_mobile_numbers_of_other_countries_are_taken(
    browser: Client, number: str
) -> None:
    assert enter(browser, number).status_code == 302


# --- without a number, and where nothing can be changed -------------------------------


def test_without_a_number_the_administrator_is_asked(
    browser: Client, alice: Account
) -> None:
    Phone.objects.all().delete()

    page = browser.get(PAGE).text

    assert "Ask your administrator to enter your phone number." in page
    assert NUMBER not in page
    assert browser.get(NUMBER)["Location"] == PAGE
    assert enter(browser)["Location"] == PAGE
    assert not NewPhone.objects.exists()


def test_where_the_policy_allows_it_the_owner_enters_the_first_number(
    browser: Client, alice: Account
) -> None:
    Phone.objects.all().delete()
    Account.objects.update(client_passwords_on=True)
    policy = effective.load_effective_policy(alice).policy
    policy.owner_sets_phone = True
    policy.save()
    assert NUMBER in browser.get("/settings/account-security/").text
    assert NUMBER in browser.get(PAGE).text

    enter(browser)
    page = browser.get(CODE).text
    press_next(browser, press_get_code(browser))

    assert "Step" not in page
    assert str(Phone.objects.get(account=alice).number) == NEW
    assert "Generate New Password" in browser.get("/settings/account-security/").text


def test_locked_codes_are_said_on_the_page(browser: Client) -> None:
    Phone.objects.update(throttling_failure_count=20)

    page = browser.get(PAGE).text

    assert "Codes are locked for your mailbox." in page
    assert browser.get(NUMBER)["Location"] == PAGE


def test_a_number_on_hold_is_said_where_passwords_are_made(
    browser: Client, clock: Traveller
) -> None:
    Account.objects.update(client_passwords_on=True)
    Phone.objects.update(held_until=timezone.now() + timedelta(hours=2))

    listed = browser.get("/settings/account-security/").text
    window = browser.get("/settings/account-security/security-passwords/new/")

    until = moment(timezone.now() + timedelta(hours=2), "long")
    assert f"You can create new security passwords from {until}" in listed
    assert window.status_code == 409
    assert "The new number gets codes in 2\xa0hours." in window.text


# --- the administrator ----------------------------------------------------------------


def save(administrator: Client, account: Account, **fields: Any) -> Any:
    phone = Phone.objects.filter(account=account).first()
    data = {
        "address": account.address,
        "domain": account.domain_id,
        "is_active": "on",
        "phone-TOTAL_FORMS": "1",
        "phone-INITIAL_FORMS": str(int(phone is not None)),
        "phone-0-id": phone.pk if phone else "",
        "phone-0-account": account.pk,
        "phone-0-number": OLD,
        **fields,
    }
    page = reverse("admin:accounts_account_change", args=[account.pk])
    response = administrator.post(page, data)
    assert response.status_code == 302, response.context["errors"]
    return response


def test_of_an_administrators_change_the_owner_is_told_as_well(
    administrator: Client, alice: Account
) -> None:
    save(administrator, alice)
    assert not alice.notifications.exists()

    save(administrator, alice, **{"phone-0-number": NEW})

    event = alice.security_events.get(kind="phone-changed")
    assert event.actor == "admin@example.com"
    numbers = alice.notifications.order_by("number").values_list("number", flat=True)
    assert list(map(str, numbers)) == ["", OLD]


def test_of_a_deleted_number_the_owner_is_told(
    administrator: Client, alice: Account
) -> None:
    save(administrator, alice, **{"phone-0-DELETE": "on"})

    event = alice.security_events.get(kind="phone-changed")
    assert event.detail == {"old": "+1 ••• •••• ••23", "new": ""}


def test_an_administrator_ends_a_hold(administrator: Client, alice: Account) -> None:
    Phone.objects.update(held_until=timezone.now() + timedelta(hours=2))

    save(administrator, alice)

    assert Phone.objects.get(account=alice).held_until is None
    assert not alice.security_events.filter(kind="phone-changed").exists()


def test_an_administrator_unlocks_a_change_too(
    administrator: Client, alice: Account, browser: Client
) -> None:
    enter(browser)
    NewPhone.objects.update(throttling_failure_count=20)

    do(administrator, "unlock_codes", [alice])

    assert NewPhone.objects.get().throttling_failure_count == 0


def test_an_administrator_allows_owners_to_enter_numbers(
    administrator: Client, alice: Account
) -> None:
    policy = effective.load_effective_policy(alice).policy
    page = reverse("admin:accounts_policy_change", args=[policy.pk])
    data = {"name": policy.name, "max_client_passwords": "10", "_confirmed": "Yes"}

    administrator.post(page, {**data, "owner_sets_phone": "on"})
    policy.refresh_from_db()
    assert policy.owner_sets_phone

    administrator.post(page, data)
    policy.refresh_from_db()
    assert not policy.owner_sets_phone
