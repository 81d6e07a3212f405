"""The list warns of a program that was refused as it needs a security password."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from accounts.models.protocols import PROTOCOLS
from clientpasswords.page import MOST_REFUSALS, REFUSED_WITHIN, SecurityPasswordPage
from clientpasswords.refusals import BY_KEY, REQUIRED
from tests.factories import make_logon
from tests.unit.support import words_of

INDEX = "/settings/account-security/"


@pytest.fixture(autouse=True)
def in_force(alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    alice.refresh_from_db()


def test_each_refusal_is_counted_whatever_the_protocol(
    browser: Client, alice: Account
) -> None:
    for number, protocol in enumerate(PROTOCOLS, start=1):
        make_logon(alice, protocol=protocol.key, reason=REQUIRED.key, count=number)

    text = words_of(browser, INDEX)

    assert "A mail program was refused 6 times, last " in text
    assert "IMAP, POP3, SMTP" in text


def test_the_last_one_says_when_and_from_where(alice: Account) -> None:
    now = timezone.now()
    for network, hours in (("192.0.2.7", 3), ("198.51.100.9", 1)):
        make_logon(
            alice,
            reason=REQUIRED.key,
            network_address=network,
            last_at=now - timedelta(hours=hours),
        )

    tried = SecurityPasswordPage(alice).other_password_tried

    assert tried is not None
    assert tried.last_at == now - timedelta(hours=1)
    assert tried.network_address == "198.51.100.9"


@pytest.mark.parametrize("reason", sorted(BY_KEY.keys() - {REQUIRED.key}))
def test_other_reasons_are_no_part_of_it(alice: Account, reason: str) -> None:
    make_logon(alice, reason=reason)

    assert SecurityPasswordPage(alice).other_password_tried is None


def test_what_was_long_ago_is_over(alice: Account) -> None:
    then = timezone.now() - REFUSED_WITHIN - timedelta(seconds=1)
    make_logon(alice, reason=REQUIRED.key, last_at=then)

    assert SecurityPasswordPage(alice).other_password_tried is None


def test_many_are_read_at_once_and_not_without_end(
    alice: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(MOST_REFUSALS + 3):
        network = f"192.0.2.{number}"
        make_logon(alice, reason=REQUIRED.key, network_address=network)
    page = SecurityPasswordPage(alice)
    assert page.in_force

    with django_assert_num_queries(1):
        tried = page.other_password_tried

    assert tried is not None
    assert tried.count == MOST_REFUSALS
