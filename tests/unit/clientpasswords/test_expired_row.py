"""An expired device offers its replacement once."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from tests.factories import make_client_password


def test_an_expired_row_has_one_way_to_a_new_password(
    alice: Account, browser: Client
) -> None:
    Account.objects.update(client_passwords_on=True)
    ended = timezone.now() - timedelta(days=1)
    row, _secret = make_client_password(alice, "Phone", expires_at=ended)
    page = browser.get(reverse("clientpasswords:index")).content.decode()

    window = reverse("clientpasswords:replace", args=[row.pk])

    assert "Expired" in page
    assert page.count(f'href="{window}') == 1
