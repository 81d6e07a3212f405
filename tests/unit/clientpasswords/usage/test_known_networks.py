"""How long it is remembered where a password was used."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from accounts import retention
from accounts.models import Account
from clientpasswords.models import ClientPassword, KnownNetwork
from clientpasswords.usage import known_networks
from tests import factories


def remember(row: ClientPassword, *days_ago: int) -> None:
    """One network for each of these, 10.DAYS.0.0/24."""
    KnownNetwork.objects.bulk_create(
        KnownNetwork(
            client_password=row,
            network=f"10.{days}.0.0/24",
            last_at=timezone.now() - timedelta(days=days),
        )
        for days in days_ago
    )


def remembered(row: ClientPassword) -> set[str]:
    return set(row.known_networks.values_list("network", flat=True))


def test_networks_unused_for_long_are_forgotten_but_for_the_newest(
    alice: Account, settings: Settings
) -> None:
    settings.LOGONS_KEPT_DAYS = 30
    phone, tablet = (factories.make_client_password(alice)[0] for _ in range(2))
    remember(phone, 5, 29, 31)
    remember(tablet, 40, 50)

    assert known_networks.forget() == 2

    assert remembered(phone) == {"10.5.0.0/24", "10.29.0.0/24"}
    assert remembered(tablet) == {"10.40.0.0/24"}


def test_a_password_has_no_more_than_so_many(alice: Account) -> None:
    row, _secret = factories.make_client_password(alice)
    remember(row, *range(1, 60))
    networks_of_today = [
        KnownNetwork(
            client_password=row, network=f"10.0.{number}.0/24", last_at=timezone.now()
        )
        for number in range(60)
    ]
    KnownNetwork.objects.bulk_create(networks_of_today)

    call_command("tidy")

    kept = remembered(row)
    assert len(kept) == retention.KNOWN_NETWORKS.newest
    assert {f"10.0.{number}.0/24" for number in range(60)} <= kept
