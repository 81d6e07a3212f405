"""One version, in `pyproject.toml`; and who is told it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse

from accounts.models import Account

ROOT = Path(__file__).resolve().parents[3]
FULL = "/healthz?full"


def version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return str(project["version"])


def test_the_change_log_ends_at_this_version() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text()

    headings = re.findall(r"^## (\d\S*)$", changes, re.MULTILINE)

    assert headings[0] == version() == settings.VERSION


@pytest.mark.parametrize("word", ["version", "--version"])
def test_the_command_line_says_it_before_any_setting_is_right(word: str) -> None:
    told = subprocess.run(
        [sys.executable, "manage.py", word],
        env={"SECRET_KEY": "", "ALLOWED_HOSTS": "%"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.splitlines()[0] == f"mailportal {version()}"
    assert re.fullmatch(r"Django \d+(\.\d+)+", told.stdout.splitlines()[1])


def test_every_page_of_the_administration_says_it(
    administrator: Client, alice: Account
) -> None:
    for page in (
        reverse("admin:index"),
        reverse("admin:accounts_account_changelist"),
        reverse("admin:accounts_account_change", args=[alice.pk]),
    ):
        text = administrator.get(page).content.decode()
        footer = text.partition('<footer id="footer">')[2].partition("</footer>")[0]
        assert f"Version {version()}" in footer, page


def test_pages_of_owners_and_strangers_do_not(browser: Client) -> None:
    for client in (browser, Client()):
        for page in ("/", "/settings/account-security/", "/help/clients/", "/nowhere/"):
            assert version() not in client.get(page, follow=True).content.decode()


def test_the_health_check_says_it_to_this_host(client: Client, db: None) -> None:
    assert client.get("/healthz").content == b"ok\n"
    for asked_by in ("", "127.0.0.1", "127.9.9.9", "::1"):
        response = client.get(FULL, REMOTE_ADDR=asked_by)
        first, second, *workers = response.content.decode().splitlines()
        assert (first, second) == ("ok", version())
        assert workers  # tests/unit/administration/test_heartbeats.py
        assert response["Content-Type"] == "text/plain"


def test_the_health_check_says_it_without_the_database_too(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise OperationalError

    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", gone)
        response = client.get(FULL)

    assert response.status_code == 503
    assert response.content.decode() == f"database away\n{version()}\n"


@pytest.mark.parametrize(
    "asked",
    [
        {"REMOTE_ADDR": "198.51.100.7"},
        {"REMOTE_ADDR": "2001:db8::7"},
        {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "198.51.100.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=198.51.100.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 proxy"},
    ],
)
def test_the_health_check_does_not_say_it_to_strangers(
    client: Client, db: None, asked: dict[str, Any]
) -> None:
    assert client.get(FULL, **asked).content == b"ok\n"
