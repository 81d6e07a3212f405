"""No page of an owner asks the database more than eight times."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from accounts.signin import second_factor
from clientpasswords.models import Logon, Usage
from tests.factories import make_client_password, make_logon_days
from tests.signedin import sign_in_verified
from tests.unit.mailportal.addresses import ALL, MACHINES, OPEN, POST_ONLY, address
from tests.unit.support import HOME

pytestmark = pytest.mark.both_databases

PAGES = sorted(set(ALL) - POST_ONLY - MACHINES - set(OPEN) | {"home"})


@pytest.fixture
def busy(alice: Account) -> Client:
    """Alice's browser, signed in with both steps; of everything there is a lot."""
    Account.objects.update(client_passwords_on=True)
    now = timezone.now()
    for number in range(10):
        row, _secret = make_client_password(alice, f"Device {number}")
        Usage.objects.create(
            client_password=row, first_at=now, last_at=now, protocol="imap", node="mx"
        )
        make_logon_days(row)
        for minute in range(3):
            Logon.objects.create(
                account=alice,
                client_password=row,
                protocol=["imap", "pop3", "smtp"][minute],
                network_address=f"198.51.100.{number}",
                node="mx",
                first_at=now,
                last_at=now - timedelta(minutes=minute),
                count=3,
            )
    app = TOTPDevice.objects.create(user=alice, name="default")
    second_factor.make_recovery_codes(alice, by=HOME)
    browser = sign_in_verified(alice, app)
    browser.get("/")  # writes down when the session was seen
    return browser


@pytest.mark.parametrize("name", PAGES)
def test_a_page_makes_eight_queries_at_most(
    busy: Client,
    alice: Account,
    name: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    pk = alice.client_passwords.values_list("pk", flat=True)[0]

    with django_assert_max_num_queries(8):
        response = busy.get(address(name, pk))

    assert response.status_code in {200, 302, 404, 409}
