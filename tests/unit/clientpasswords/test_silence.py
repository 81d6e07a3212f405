"""What is said of uses while a mail server's log is not read: only what we know."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, Policy
from accounts.moments import moment
from clientpasswords.models import ClientPassword, FollowedLog, Usage
from clientpasswords.page import SecurityPasswordPage
from tests.factories import make_client_password
from tests.unit.clientpasswords.idling import DAY, follow, use
from tests.unit.support import words_of

MINUTE = timedelta(minutes=1)
INDEX = "/settings/account-security/"
WINDOWS = f"{INDEX}security-passwords/"
SILENT = "The mail server has not reported any sign-ins since"
UNKNOWN = "<dd>not available right now</dd>"
CERTAIN = ("Never used", "Not used for 90 days", "No mail program has tried yet.")


@pytest.fixture
def phone(alice: Account, clock: Traveller) -> ClientPassword:
    """Nobody has used it; the log is followed, and was read to its end just now."""
    Account.objects.update(client_passwords_on=True)
    follow("mx1")
    return make_client_password(alice)[0]


def pages_of(row: ClientPassword) -> dict[str, str]:
    """Every page that tells of its last use."""
    return {
        "list": INDEX,
        "device": f"{WINDOWS}{row.pk}/",
        "delete": f"{WINDOWS}{row.pk}/delete/",
        "lost": f"{WINDOWS}lost/",
    }


@pytest.mark.parametrize("page", ["list", "device", "delete", "lost"])
def test_a_silent_mail_server_leaves_open_whether_a_password_was_used(
    browser: Client, phone: ClientPassword, clock: Traveller, page: str
) -> None:
    address = pages_of(phone)[page]
    assert "Never used" in words_of(browser, address)

    clock.shift(6 * MINUTE)

    assert UNKNOWN in words_of(browser, address)
    assert not [words for words in CERTAIN if words in words_of(browser, address)]


@pytest.mark.parametrize("page", ["list", "device", "delete", "lost"])
def test_a_use_of_before_is_told_with_since_when_nothing_was_heard(
    browser: Client, phone: ClientPassword, clock: Traveller, page: str
) -> None:
    use(phone)
    Usage.objects.update(last_at=timezone.now() - 91 * DAY)
    assert "Not used for 90 days" in words_of(browser, pages_of(phone)[page])

    clock.shift(6 * MINUTE)

    told = words_of(browser, pages_of(phone)[page])
    assert f"{SILENT} {moment(timezone.now() - 6 * MINUTE)}" in told
    assert '<time datetime="2026-08-24T12:00:00Z" ' in told
    assert UNKNOWN not in told
    assert "Not used for 90 days" not in told


def test_the_list_says_it_once_however_many_devices(
    browser: Client, alice: Account, phone: ClientPassword, clock: Traveller
) -> None:
    make_client_password(alice, "Laptop")
    clock.shift(6 * MINUTE)

    assert words_of(browser).count(SILENT) == 1
    assert words_of(browser).count(UNKNOWN) == 2


def test_what_is_read_once_a_minute_is_not_silent(
    browser: Client, phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(5 * MINUTE)

    assert "Never used" in words_of(browser)
    assert SILENT not in words_of(browser)


def test_one_silent_mail_server_of_two_is_enough(
    browser: Client, phone: ClientPassword, clock: Traveller
) -> None:
    clock.shift(6 * MINUTE)
    follow("mx2")
    assert UNKNOWN in words_of(browser)

    follow("mx1")

    assert "Never used" in words_of(browser)


def test_of_two_silent_mail_servers_the_one_that_fell_silent_first_counts(
    alice: Account, phone: ClientPassword, clock: Traveller
) -> None:
    at = FollowedLog.objects.get().read_to
    clock.shift(2 * MINUTE)
    follow("mx2")
    clock.shift(9 * MINUTE)

    assert SecurityPasswordPage(alice).silent_since == at


@pytest.mark.parametrize("followed", ["not at all", "a log that tells nothing"])
def test_where_no_log_tells_of_logons_all_is_as_it_was(
    browser: Client, phone: ClientPassword, clock: Traveller, followed: str
) -> None:
    """Such a host never knew of uses: there is nothing to wait for."""
    if followed == "not at all":
        FollowedLog.objects.all().delete()
    FollowedLog.objects.update(told_at=None)
    clock.shift(6 * MINUTE)

    assert "Never used" in words_of(browser)
    assert SILENT not in words_of(browser)


def test_the_sign_ins_do_not_claim_that_there_were_none(
    browser: Client, phone: ClientPassword, clock: Traveller
) -> None:
    page = f"{WINDOWS}sign-ins/"
    assert "No mail program has tried yet." in words_of(browser, page)

    clock.shift(6 * MINUTE)

    assert SILENT in words_of(browser, page)
    assert "Not available right now." in words_of(browser, page)
    assert "No mail program has tried yet." not in words_of(browser, page)


def test_at_the_limit_no_device_is_called_dispensable_by_guess(
    browser: Client, alice: Account, phone: ClientPassword, clock: Traveller
) -> None:
    Policy.objects.update(max_client_passwords=1)
    ClientPassword.objects.update(created_at=timezone.now() - DAY)
    assert "Least used: delete it?" in words_of(browser)

    clock.shift(6 * MINUTE)

    assert "You have reached the limit of 1." in words_of(browser)
    assert "Least used: delete it?" not in words_of(browser)
