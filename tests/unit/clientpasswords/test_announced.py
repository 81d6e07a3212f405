"""What owners see of a day that is still to come, and of what ends by itself."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.formats import date_format
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, Policy
from accounts.moments import moment
from clientpasswords.models import ClientPassword
from tests.factories import make_client_password, make_logon
from tests.unit.support import require_client_passwords_in, text_of

pytestmark = pytest.mark.both_databases

INDEX = "/settings/account-security/"
NOTICE = "mail programs need a security password"
DAY = timedelta(days=1)


def test_the_page_counts_down_to_the_day(browser: Client) -> None:
    require_client_passwords_in(9 * DAY + timedelta(minutes=5))

    page = text_of(browser)

    assert NOTICE in page
    assert "1\xa0week, 2\xa0days left" in page
    assert 'aria-checked="false"' in page


def test_the_page_names_the_programs_that_would_be_refused(
    browser: Client, alice: Account
) -> None:
    require_client_passwords_in(9 * DAY)
    make_logon(alice, protocol="pop3", network_address="192.0.2.8")
    make_logon(alice, network_address="192.0.2.9", by_web_password=False)
    make_logon(
        alice, network_address="192.0.2.10", last_at=timezone.now() - timedelta(days=31)
    )

    page = text_of(browser)

    assert "POP3 · <bdi>192.0.2.8</bdi>" in page
    assert "192.0.2.9" not in page
    assert "192.0.2.10" not in page


@pytest.mark.parametrize(
    ("span", "on", "fields"),
    [
        (9 * DAY, True, {}),
        (9 * DAY, False, {"report_only": True}),
        (9 * DAY, False, {"client_passwords_required": False}),
        (-DAY, False, {}),
    ],
)
def test_who_has_nothing_to_get_ready_for_is_told_of_no_day(
    browser: Client, span: timedelta, *, on: bool, fields: dict[str, bool]
) -> None:
    require_client_passwords_in(span, **fields)
    Account.objects.update(client_passwords_on=on)

    assert NOTICE not in text_of(browser)


def test_the_notice_takes_few_queries_whatever_the_number_of_programs(
    browser: Client,
    alice: Account,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    require_client_passwords_in(9 * DAY)
    for number in range(20):
        make_logon(alice, network_address=f"192.0.2.{number}")
    browser.get(INDEX)  # once a minute the session is written

    with django_assert_max_num_queries(8):
        page = text_of(browser)

    assert page.count("IMAP · ") == 5


def show(browser: Client, age: timedelta, own_end: timedelta | None) -> list[str]:
    """Make a password so old; show the list and its page, under a policy of 30 days."""
    Policy.objects.update(client_password_days=30)
    row = ClientPassword.objects.get()
    row.created_at = timezone.now() - age
    end = None if own_end is None else timezone.now() + own_end
    row.expires_at = end and (end + timedelta(milliseconds=500)).replace(microsecond=0)
    row.save()
    return [
        text_of(browser, address)
        for address in (INDEX, f"{INDEX}security-passwords/{row.pk}/")
    ]


@pytest.fixture
def _phone(alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    make_client_password(alice)


@pytest.mark.usefixtures("_phone")
@pytest.mark.parametrize("own_end", [None, 40])
def test_the_end_that_the_policy_sets_is_shown_if_it_comes_first(
    browser: Client, own_end: int | None
) -> None:
    pages = show(browser, 10 * DAY, None if own_end is None else own_end * DAY)

    end = timezone.localtime(ClientPassword.objects.get().created_at + 30 * DAY)
    text = f"Works until {moment(end)}"
    assert [text in page for page in pages] == [True, True]


@pytest.mark.usefixtures("_phone")
def test_the_end_that_the_owner_set_is_shown_if_it_comes_first(browser: Client) -> None:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    pages = show(browser, 10 * DAY, today + 5 * DAY - timezone.now())

    last = ClientPassword.objects.get().last_day
    assert last is not None
    text = f"Works until the end of {date_format(last, 'DATE_FORMAT')}"
    assert [text in page for page in pages] == [True, True]


@pytest.mark.usefixtures("_phone")
@pytest.mark.parametrize(("age", "own_end"), [(31, None), (31, 60), (1, -1)])
def test_what_has_ended_is_marked(
    browser: Client, age: int, own_end: int | None
) -> None:
    pages = show(browser, age * DAY, None if own_end is None else own_end * DAY)

    assert ["Expired" in page for page in pages] == [True, True]


def test_the_form_of_limits_shows_what_the_owner_chose(
    browser: Client, alice: Account
) -> None:
    Policy.objects.update(client_password_days=30)
    Account.objects.update(client_passwords_on=True)
    row, _secret = make_client_password(alice)

    page = text_of(browser, f"{INDEX}security-passwords/{row.pk}/")

    assert 'type="date" name="expires"' in page
    assert f'value="{row.created_at.year}-' not in page


def test_before_the_switch_is_turned_on_the_programs_it_breaks_are_named(
    browser: Client, alice: Account
) -> None:
    make_logon(alice, protocol="pop3", network_address="192.0.2.8")

    window = text_of(browser, f"{INDEX}security-passwords/enable/")

    for page in (text_of(browser), window):
        assert "Signed in with your web password in the last 30 days:" in page
        assert "POP3 · <bdi>192.0.2.8</bdi>" in page
    Account.objects.update(client_passwords_on=True)
    assert "Signed in with your web password in the last 30 days:" not in text_of(
        browser
    )
