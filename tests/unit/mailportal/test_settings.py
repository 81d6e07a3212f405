"""The settings: read from the environment, wrong ones said together."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
KEY = "a key of the operator, as long as a real one has to be, and longer"


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python with these settings and no others."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "mailportal.settings",
            **environment,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def read(*names: str, **environment: str) -> dict[str, object]:
    """These settings, as a production host would have them."""
    code = (
        "import json; from django.conf import settings;"
        f"values = {{name: getattr(settings, name) for name in {names!r}}};"
        "print(json.dumps(values, default=str))"
    )
    result = run(code, **environment)
    assert result.returncode == 0, result.stderr
    values: dict[str, object] = json.loads(result.stdout)
    return values


def test_all_mistakes_are_said_at_once_and_no_value_of_a_secret() -> None:
    result = run(
        "import django; django.setup()",
        SECRET_KEY="too-short",
        TRUSTED_PROXIES="many",
        SMS_GATEWAY="pigeon",
        MAIL_SITES="[not JSON",
    )

    assert result.returncode != 0
    for name in ("SECRET_KEY", "TRUSTED_PROXIES", "SMS_GATEWAY", "MAIL_SITES"):
        assert name in result.stderr
    assert "too-short" not in result.stderr


def test_without_a_secret_key_nothing_starts() -> None:
    result = run("import django; django.setup()")

    assert result.returncode != 0
    assert "SECRET_KEY" in result.stderr


# What a production host needs, where nothing is set.
SAFE = {
    "DEBUG": False,
    "ALLOWED_HOSTS": [],
    "PASSWORD_HASHERS": [
        f"accounts.hashing.hashers.{name}"
        for name in (
            "WebPasswordHasher",
            "BcryptHasher",
            "Sha512CryptHasher",
            "SaltedSha512Hasher",
            "SaltedSha256Hasher",
            "Pbkdf2Hasher",
        )
    ],
    "SESSION_COOKIE_NAME": "__Host-session",
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_HTTPONLY": True,
    "CSRF_COOKIE_NAME": "__Host-csrf",
    "FAMILIAR_COOKIE_NAME": "__Host-familiar",
    "CSRF_COOKIE_SECURE": True,
    "CSRF_COOKIE_HTTPONLY": True,
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 365 * 24 * 3600,
    "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
    "SECURE_PROXY_SSL_HEADER": None,
    "TRUSTED_PROXIES": 0,
    "CLIENT_PASSWORD_ARGON2_MEMORY": 256,
}


def test_what_is_not_set_is_as_a_production_host_needs_it(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(f"{KEY}\n")

    values = read("SECRET_KEY", *SAFE, SECRET_KEY_FILE=str(key_file), VAR=str(tmp_path))

    assert values == {"SECRET_KEY": KEY, **SAFE}


@pytest.mark.parametrize(("more", "seconds"), [("", 5), ("?connect_timeout=3", 3)])
def test_a_server_that_says_nothing_is_given_up(more: str, seconds: int) -> None:
    url = f"postgres://mailportal@db.example/mailportal{more}"

    values = read("DATABASES", SECRET_KEY=KEY, DATABASE_URL=url)

    (database,) = values["DATABASES"].values()  # type: ignore[attr-defined]
    assert int(database["OPTIONS"]["connect_timeout"]) == seconds


def test_sqlite_takes_the_write_lock_when_a_transaction_begins(tmp_path: Path) -> None:
    values = read("DATABASES", SECRET_KEY=KEY, VAR=str(tmp_path))

    (database,) = values["DATABASES"].values()  # type: ignore[attr-defined]
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert database["NAME"] == f"{tmp_path}/db/portal.sqlite3"
    assert not database.get("ATOMIC_REQUESTS")


@pytest.mark.parametrize("name", ["SECRET_KEY", "DATABASE_URL"])
def test_a_file_that_is_missing_is_said_by_its_name(name: str) -> None:
    others = {"SECRET_KEY": KEY, "DATABASE_URL": "sqlite:////tmp/none"}
    del others[name]

    result = run(
        "import django; django.setup()", **others, **{f"{name}_FILE": "/nowhere/key"}
    )

    assert result.returncode != 0
    assert f"{name}_FILE names /nowhere/key, which cannot be read" in result.stderr
