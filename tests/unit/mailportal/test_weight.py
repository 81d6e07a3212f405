"""What a first visit to the security page weighs, as gunicorn and WhiteNoise serve it.

That no page asks another host for anything is checked by every browser test.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account
from mailportal import icons
from mailportal import settings as project_settings
from tests.factories import make_client_password, make_logon_days

MOST = 60 * 1024  # bytes
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def collected(settings: Settings, tmp_path: Path) -> Iterator[None]:
    """Our static files as `collectstatic` prepares them for production."""
    finder = "django.contrib.staticfiles.finders.FileSystemFinder"
    settings.STATICFILES_FINDERS = [finder]  # without those of the administration
    settings.STORAGES = {**settings.STORAGES, **project_settings.STORAGES}
    settings.STATIC_ROOT = tmp_path
    call_command("collectstatic", interactive=False, verbosity=0)
    forget_addresses()
    yield
    forget_addresses()


def forget_addresses() -> None:
    """Of static files: they are kept in what is rendered once for all."""
    icons.icon.cache_clear()
    cache.clear()


def weigh(browser: Client, page: str) -> dict[str, int]:
    """Return how many bytes the page and each file that it names take, by address."""
    response = browser.get(page, headers=BROWSER)
    assert response.status_code == 200
    html = response.content.decode()
    weights = {page: len(response.content) + len(str(response.headers))}
    for address in set(re.findall(r'(?:href|src)="(/static/[^"#]+)', html)):
        answer = browser.get(address, headers=BROWSER)
        assert answer["Content-Encoding"] in {"br", "gzip"}, address
        assert "immutable" in answer["Cache-Control"], address
        weights[address] = len(answer.getvalue()) + len(str(answer.headers))
    return weights


def test_a_first_visit_to_the_security_page_weighs_60_kilobytes_at_most(
    client: Client, alice: Account, collected: None
) -> None:
    Account.objects.update(client_passwords_on=True)
    for number in range(10):
        row, _secret = make_client_password(alice, f"Device {number}")
        make_logon_days(row)
    client.force_login(alice)

    weights = weigh(client, reverse("clientpasswords:index"))

    assert any("portal." in address for address in weights)
    assert any(address.endswith(".js") for address in weights)
    assert sum(weights.values()) <= MOST, weights
