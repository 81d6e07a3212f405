"""The list says when each password was last used."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from accounts.models import Account
from clientpasswords.models import Usage
from tests import factories
from tests.factories import make_usage
from tests.unit.support import words_of


@pytest.fixture
def listed(alice: Account, client: Client) -> Client:
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    client.force_login(alice)
    return client


def test_a_password_nobody_used_is_marked(alice: Account, listed: Client) -> None:
    factories.make_client_password(alice)

    assert "Never used" in words_of(listed)


def test_the_last_use_is_shown_with_protocol_and_address(
    alice: Account, listed: Client
) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(minutes=5))

    text = words_of(listed)

    assert "· IMAP · <bdi>192.0.2.7</bdi>" in text
    assert "Never used" not in text
    assert "Not used for 90 days" not in text


def test_programs_read_the_same_time(alice: Account, listed: Client) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(0))
    Usage.objects.update(last_at=datetime(2026, 3, 1, 13, 30, 5, tzinfo=UTC))

    assert '<time datetime="2026-03-01T13:30:05+0000">' in words_of(listed)


def test_a_password_out_of_use_is_marked(alice: Account, listed: Client) -> None:
    row, _secret = factories.make_client_password(alice)
    make_usage(row, ago=timedelta(days=91))

    assert "Not used for 90 days" in words_of(listed)
