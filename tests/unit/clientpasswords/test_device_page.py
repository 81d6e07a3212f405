"""The page of one security password: renamed, limited, and what it did lately."""

import re
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, Policy
from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords.forms import ScopeForm
from clientpasswords.models import ClientPassword, Logon, Usage
from clientpasswords.scopes import Scope
from tests.unit.support import press_get_code, press_next

pytestmark = pytest.mark.both_databases

INDEX = "/settings/account-security/"
ALL = {"access": "all"}
SOME_PROTOCOLS = [
    frozenset(some)
    for number in range(1, 1 + len(PROTOCOL_KEYS))
    for some in combinations(PROTOCOL_KEYS, number)
]


@pytest.fixture
def page(phone: ClientPassword) -> str:
    return f"{INDEX}security-passwords/{phone.pk}/"


def logon(phone: ClientPassword, reason: str = "", **fields: object) -> Logon:
    now = timezone.now()
    values = {
        "account": phone.account,
        "client_password": phone,
        "protocol": "imap",
        "reason": reason,
        "network_address": "198.51.100.7",
        "node": "mx",
        "first_at": now,
        "last_at": now,
        "count": 1,
    }
    return Logon.objects.create(**values | fields)


# --- its name -------------------------------------------------------------------------


def test_it_can_be_renamed_later(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    assert "Phone" in browser.get(page).content.decode()

    answer = browser.post(f"{page}name/", {"label": "Old phone"})

    assert answer.status_code == 302
    phone.refresh_from_db()
    assert phone.label == "Old phone"


@pytest.mark.parametrize("path", ["", "status/"])
def test_nobody_elses_is_shown_and_no_limits_of_a_deleted_one(
    path: str, client: Client, mallory: Account, page: str, phone: ClientPassword
) -> None:
    client.force_login(mallory)
    assert client.get(page + path).status_code == 404
    client.force_login(phone.account)
    assert client.get(page + path).status_code == 200
    ClientPassword.objects.update(revoked_at=timezone.now())
    deleted = client.get(page + path)
    assert deleted.status_code == (404 if path else 200)
    assert "scope_form" not in (deleted.context or {})
    client.force_login(mallory)
    assert client.get(page + path).status_code == 404


@pytest.mark.parametrize("path", ["name/", "limits/"])
def test_nobody_changes_somebody_elses(
    path: str, client: Client, mallory: Account, page: str, phone: ClientPassword
) -> None:
    client.force_login(mallory)

    answer = client.post(page + path, {"label": "Mine", "access": "send"})

    assert answer.status_code == 404
    phone.refresh_from_db()
    assert (phone.label, phone.imap) == ("Phone", True)


# --- its limits -----------------------------------------------------------------------


def test_it_can_be_made_to_send_only(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    answer = browser.post(f"{page}limits/", {"access": "send", "then": "stay"})

    assert answer["Location"] == page
    phone.refresh_from_db()
    assert phone.protocols_allowed == ["SMTP"]
    assert 'value="send"' in browser.get(page).content.decode()


def test_everything_at_once(browser: Client, page: str, phone: ClientPassword) -> None:
    form = {
        "access": "some",
        "protocols": ["imap", "smtp"],
        "networks": "192.0.2.9/24; 2001:db8::7 192.0.2.0/24",
        "expires": "2999-12-31",
    }
    browser.post(f"{page}limits/", form)

    phone.refresh_from_db()
    zone = timezone.get_current_timezone()
    assert Scope.of_password(phone) == Scope(
        frozenset({"imap", "smtp"}),
        ("192.0.2.0/24", "2001:db8::7/128"),
        datetime(3000, 1, 1, tzinfo=zone),
    )
    again = ScopeForm.for_password(phone, phone.account.domain.policy).initial
    assert again["expires"] == date(2999, 12, 31)
    assert again["access"] == "some"
    assert again["networks"] == "192.0.2.0/24, 2001:db8::7/128"


@pytest.mark.parametrize("allowed", SOME_PROTOCOLS)
@pytest.mark.parametrize("on", [frozenset(), *SOME_PROTOCOLS])
def test_what_is_off_is_offered_only_where_it_is_named_already_and_said_to_be_off(
    on: frozenset[str], allowed: frozenset[str], phone: ClientPassword
) -> None:
    """And saving the form as it is changes nothing."""
    for key in PROTOCOL_KEYS:
        setattr(phone, key, key in allowed)
    policy = Policy(**{key: key in on for key in PROTOCOL_KEYS})

    form = ScopeForm.for_password(phone, policy)

    access: Any = form.fields["access"]
    offered = dict(access.choices)
    present = form.initial["access"]
    assert present in offered
    protocols: Any = form.fields.get("protocols")
    named = allowed if present == "some" else frozenset()
    assert ("some" in offered) is (protocols is not None)
    if protocols:
        labels = {key: str(label) for key, label in protocols.choices}
        assert set(labels) == on | named
        assert {key for key in labels if "switched off" in labels[key]} == named - on
    else:
        assert len(on) < 2
    if "send" in offered:
        assert ("switched off" in str(offered["send"])) is ("smtp" not in on)
        assert present == "send" or "smtp" in on > {"smtp"}
    if on:
        words = str(offered["all"])
        assert ("read" in words, "send" in words) == (on != {"smtp"}, "smtp" in on)
    filled = {**form.initial, "expires": ""}
    data: Any = QueryDict(urlencode(filled, doseq=True))
    sent = ScopeForm.for_password(phone, policy, data)
    assert sent.is_valid(), sent.errors
    assert sent.scope.protocols == allowed


def test_no_page_offers_a_protocol_that_is_off(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    Policy.objects.update(pop3=False)
    revealed = press_next(browser, press_get_code(browser)).text

    for shown in (browser.get(page).text, revealed):
        assert 'value="imap"' in shown
        assert 'value="pop3"' not in shown

    answer = browser.post(f"{page}limits/", {"access": "some", "protocols": ["pop3"]})
    assert answer.status_code == 422
    ClientPassword.objects.update(imap=False)
    for shown in (browser.get(page).text, browser.get(INDEX).text):
        assert "POP3 (switched off for your mailbox)" in shown
    browser.post(f"{page}limits/", {"access": "some", "protocols": ["pop3", "smtp"]})
    phone.refresh_from_db()
    assert phone.protocols_allowed == ["POP3", "SMTP"]


LATE = date(2999, 1, 31)
# What is posted beside the rest, and the last day on which the password works then:
# a date, or in how many days it is.
LAST_DAYS: list[tuple[dict[str, str], date | int | None]] = [
    ({"lasts": "always"}, None),
    ({"lasts": "always", "expires": "2999-01-31"}, None),
    ({"lasts": "30"}, 30),
    ({"lasts": "90", "expires": "2020-01-01"}, 90),
    ({"lasts": "365", "expires": "no day"}, 365),
    ({"lasts": "date", "expires": "2999-01-31"}, LATE),
    ({"expires": "2999-01-31"}, LATE),
]


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(("posted", "last_day"), LAST_DAYS)
def test_it_works_as_long_as_was_chosen(
    browser: Client,
    page: str,
    phone: ClientPassword,
    posted: dict[str, str],
    last_day: date | int | None,
) -> None:
    if isinstance(last_day, int):
        last_day = timezone.localdate() + timedelta(days=last_day)

    browser.post(f"{page}limits/", {**ALL, **posted})

    phone.refresh_from_db()
    assert phone.last_day == last_day
    initial = ScopeForm.for_password(phone, Policy.objects.get()).initial
    assert initial["lasts"] == ("date" if last_day else "always")


@pytest.mark.parametrize(
    ("days", "offered"),
    [
        (None, ["always", "30", "90", "365", "date"]),
        (400, ["always", "30", "90", "365", "date"]),
        (365, ["always", "30", "90", "date"]),
        (60, ["always", "30", "date"]),
        (30, ["always", "date"]),
    ],
)
def test_no_lifetime_is_offered_that_the_policy_does_not_allow(
    browser: Client,
    page: str,
    phone: ClientPassword,
    days: int | None,
    offered: list[str],
) -> None:
    Policy.objects.update(client_password_days=days)

    shown = browser.get(page).content.decode()

    assert re.findall('name="lasts" value="([^"]+)"', shown) == offered
    assert ("until you delete it" in shown) is (days is None)
    assert ("as your administrator has set" in shown) is (days is not None)


NONSENSE = [
    (
        {**ALL, "lasts": "date", "networks": "x"},
        "Enter a date, for example 2027-01-31.",
    ),
    ({**ALL, "lasts": "date"}, "Enter a date, for example 2027-01-31."),
    ({**ALL, "lasts": "31"}, "Select a valid choice."),
    ({**ALL, "lasts": "date", "expires": "2020-01-01"}, "Choose a date in the future."),
    ({"access": "some"}, "Choose at least one."),
    ({"access": "none"}, "Select a valid choice."),
    ({}, "This field is required."),
    ({**ALL, "networks": "at home"}, "“at” is not a valid network."),
    ({**ALL, "networks": "192.0.2.0/33"}, "“192.0.2.0/33” is not a valid network."),
    ({**ALL, "networks": "<b>"}, "“&lt;b&gt;” is not a valid network."),
    (
        {**ALL, "networks": " ".join(f"10.0.0.{n}" for n in range(11))},
        "Enter at most 10",
    ),
    ({**ALL, "networks": "1" * 501}, "at most 500 characters"),
    ({**ALL, "expires": "31.12.2999"}, "Enter a date, for example 2027-01-31."),
    ({**ALL, "expires": "2020-01-01"}, "Choose a date in the future."),
    ({**ALL, "expires": "9999-12-31"}, "Enter a date, for example 2027-01-31."),
]


@pytest.mark.parametrize(("form", "said"), NONSENSE)
def test_limits_that_make_no_sense_are_asked_for_again(
    form: dict[str, str], said: str, browser: Client, page: str, phone: ClientPassword
) -> None:
    before = Scope.of_password(phone)

    answer = browser.post(f"{page}limits/", form)

    assert answer.status_code == 422
    assert said in answer.content.decode()
    phone.refresh_from_db()
    assert Scope.of_password(phone) == before


def test_at_the_reveal_the_name_is_saved_whatever_the_limits(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    answer = browser.post(f"{page}name/", {"label": "Scanner", "access": "some"})

    assert answer.status_code == 422
    assert "Scanner" in answer.content.decode()
    phone.refresh_from_db()
    assert phone.label == "Scanner"
    assert not phone.is_limited


def test_name_and_limits_are_saved_together(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    answer = browser.post(f"{page}name/", {"label": "Scanner", "access": "send"})

    assert answer["Location"].startswith(INDEX)
    phone.refresh_from_db()
    assert (phone.label, phone.protocols_allowed) == ("Scanner", ["SMTP"])


def test_the_list_says_what_is_limited(browser: Client, phone: ClientPassword) -> None:
    soon = timezone.now() + timedelta(days=1)
    ClientPassword.objects.update(imap=False, networks="192.0.2.0/24", expires_at=soon)
    page = browser.get(INDEX).content.decode()
    assert "POP3, SMTP" in page
    assert "192.0.2.0/24" in page
    assert "Works until" in page

    ClientPassword.objects.update(expires_at=timezone.now())
    assert "Expired" in browser.get(INDEX).content.decode()


# --- what it did ----------------------------------------------------------------------


def test_its_last_sign_ins_are_listed(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    logon(phone, count=3)
    logon(phone, "out-of-scope", protocol="pop3")
    logon(phone, "wrong-password", client_password=None, network_address="192.0.2.99")

    text = browser.get(page).content.decode()

    assert "3 times since" in text
    assert "outside what the password is for" in text
    assert "192.0.2.99" not in text


def test_the_sign_ins_of_all_passwords_have_a_page(
    browser: Client, phone: ClientPassword, mallory: Account
) -> None:
    logon(phone)
    logon(phone, "wrong-password", client_password=None, network_address="192.0.2.99")
    logon(phone, client_password=None)
    logon(phone, account=mallory, network_address="203.0.113.5")

    text = browser.get(f"{INDEX}security-passwords/sign-ins/").content.decode()

    assert "Phone" in text
    assert "wrong password" in text
    assert "192.0.2.99" in text
    assert "web password" in text
    assert "203.0.113.5" not in text


def test_the_pages_take_few_queries(
    browser: Client,
    page: str,
    phone: ClientPassword,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(25):
        logon(phone)
    for path in (page, f"{INDEX}security-passwords/sign-ins/", f"{page}status/"):
        with django_assert_max_num_queries(8):
            browser.get(path)


def test_the_reveal_hears_of_the_first_use(
    browser: Client, page: str, phone: ClientPassword
) -> None:
    answer = browser.get(f"{page}status/")
    assert answer.json() == {"state": "waiting", "text": "", "at": ""}
    assert "no-store" in answer["Cache-Control"]

    now = timezone.now()
    Usage.objects.create(
        client_password=phone, first_at=now, last_at=now, protocol="imap", node="mx"
    )

    assert browser.get(f"{page}status/").json() == {
        "state": "connected",
        "text": "Connected: IMAP",
        "at": now.isoformat(),
    }


# --- a program that keeps trying something else ---------------------------------------


def test_a_program_without_a_security_password_is_pointed_out(
    browser: Client, phone: ClientPassword
) -> None:
    row = logon(phone, "security-password-required", client_password=None, count=14)
    page = browser.get(INDEX).content.decode()
    assert "refused 14 times, last " in page
    assert "198.51.100.7" in page

    Logon.objects.filter(pk=row.pk).update(last_at=timezone.now() - timedelta(days=2))
    assert "has no valid security password" not in browser.get(INDEX).content.decode()


# --- deleted, and still tried ---------------------------------------------------------


@pytest.fixture
def deleted(phone: ClientPassword) -> ClientPassword:
    ClientPassword.objects.update(revoked_at=timezone.now())
    return phone


def test_the_page_of_a_deleted_one_says_what_to_do_on_the_device(
    browser: Client, page: str, deleted: ClientPassword
) -> None:
    logon(deleted, "revoked")

    html = browser.get(page).content.decode()

    assert "remove the mail account" in html
    assert "198.51.100.7" in html
    for path in ("name/", "limits/"):
        assert f"{page}{path}" not in html


def test_its_owner_turns_the_mails_about_it_off_and_on_again(
    browser: Client, page: str, deleted: ClientPassword
) -> None:
    for mails, others in (("off", "on"), ("off", "on"), ("on", "off")):
        answer = browser.post(f"{page}notices/", {"mails": mails}, follow=True)

        deleted.refresh_from_db()
        assert deleted.is_silenced is (mails == "off")
        assert f'name="mails" value="{others}"' in answer.content.decode()
    events = deleted.account.security_events.filter(kind="notices-silenced")
    assert [event.detail["mails"] for event in events.order_by("pk")] == ["off", "on"]
    assert events[0].detail["device"] == "Phone"


def test_nobody_turns_off_what_is_not_deleted_or_not_theirs(
    client: Client, mallory: Account, page: str, phone: ClientPassword
) -> None:
    client.force_login(phone.account)
    assert client.post(f"{page}notices/", {"mails": "off"}).status_code == 404
    ClientPassword.objects.update(revoked_at=timezone.now())
    client.force_login(mallory)
    assert client.post(f"{page}notices/", {"mails": "off"}).status_code == 404
    assert client.get(f"{page}notices/").status_code == 405

    phone.refresh_from_db()
    assert not phone.is_silenced
