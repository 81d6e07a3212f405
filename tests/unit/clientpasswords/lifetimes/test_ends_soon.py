"""The list marks a security password that ends soon, from the mail about it on."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, Policy
from clientpasswords.lifetimes import expiry
from clientpasswords.models import ClientPassword
from clientpasswords.page import Area
from tests.factories import make_client_password

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def phone(alice: Account, clock: Traveller) -> ClientPassword:
    """Made just now, by an owner who has turned security passwords on."""
    Account.objects.update(client_passwords_on=True)
    return make_client_password(alice)[0]


def ends(row: ClientPassword, span: timedelta) -> None:
    ClientPassword.objects.filter(pk=row.pk).update(expires_at=timezone.now() + span)


@pytest.mark.parametrize("by", ["date", "policy"])
def test_the_list_marks_what_ends_soon(
    browser: Client, phone: ClientPassword, clock: Traveller, by: str
) -> None:
    if by == "date":
        ends(phone, 30 * DAY)
    else:
        Policy.objects.update(client_password_days=30)

    def marked() -> bool:
        browser.force_login(phone.account)
        page = browser.get(reverse("clientpasswords:index")).content.decode()
        return "Ends soon:" in page

    clock.move_to(datetime(2026, 12, 16, 11, 59, tzinfo=UTC))
    assert not marked()
    clock.move_to(datetime(2026, 12, 16, 12, tzinfo=UTC))
    assert marked()
    clock.move_to(datetime(2026, 12, 23, 12, tzinfo=UTC))
    assert not marked()


@pytest.mark.parametrize(
    ("date", "life", "hours"),
    [
        (8, None, 24),
        (8, 30, 24),
        (8, 8, 24),
        (None, 8, 96),
        (30, 8, 96),
        (None, 30, 23 * 24),
    ],
)
def test_the_list_marks_it_from_the_mail_on(
    phone: ClientPassword,
    clock: Traveller,
    date: int | None,
    life: int | None,
    hours: int,
) -> None:
    if date is not None:
        ends(phone, date * DAY)
    Policy.objects.update(client_password_days=life)

    def is_marked() -> bool:
        return Area(phone.account).passwords[0].ends_soon

    second = timedelta(seconds=1)
    clock.shift(hours * HOUR - second)
    before = is_marked(), expiry.announce()
    clock.shift(second)
    after = is_marked(), expiry.announce()

    assert (before, after) == ((False, 0), (True, 1))


def test_what_was_made_for_a_few_days_is_marked_from_the_start(
    phone: ClientPassword, clock: Traveller
) -> None:
    ends(phone, 3 * DAY)

    assert Area(phone.account).passwords[0].ends_soon
    assert expiry.announce() == 1
