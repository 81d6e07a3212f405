"""Measure the time and memory of an import of 100,000 mailboxes on both databases."""

import base64
import csv
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.hosts import ROOT, environment
from deploy.postgres import PrivatePostgres

MAILBOXES = 100_000
DOMAINS = 2_000
POLICY = "Standard"
COLUMNS = ["address", "name", "department", "language", "phone", "password", "active"]
FRESH = (
    "import django; django.setup();"
    "from django.core.management import call_command;"
    "from accounts.models import Policy;"
    "call_command('migrate', verbosity=0);"
    f"Policy.objects.create(name={POLICY!r})"
)


def main() -> None:
    """Import a file twice into a new database of each kind; print what that took."""
    with tempfile.TemporaryDirectory() as folder, PrivatePostgres() as postgres:
        file = Path(folder) / "mailboxes.csv"
        _write(file)
        sqlite = f"sqlite:///{folder}/portal.sqlite3"
        for name, url in (("PostgreSQL", postgres.url()), ("SQLite", sqlite)):
            variables = environment(url) | {"HTTPS": "false", "VAR": folder}
            fresh = [sys.executable, "-c", FRESH]
            subprocess.run(fresh, cwd=ROOT, env=variables, check=True)
            for what in ("new", "the same again"):
                figures = _import(file, variables)
                print(f"{MAILBOXES} mailboxes, {name}, {what}: {figures}", flush=True)


def _write(file: Path) -> None:
    """Write mailboxes with all columns, and hashes that no password matches."""
    with file.open("w", encoding="utf-8", newline="") as text:
        rows = csv.writer(text)
        rows.writerow(COLUMNS)
        for number in range(MAILBOXES):
            address = f"user{number}@d{number % DOMAINS}.example"
            phone = f"+49151{10_000_000 + number}"
            hash_ = f"$argon2id$v=19$m=19456,t=2,p=1${_random(16)}${_random(32)}"
            cells = [address, f"Name {number}", "Sales", "de", phone]
            rows.writerow([*cells, f"{{ARGON2ID}}{hash_}", "yes"])


def _random(size: int) -> str:
    return base64.b64encode(os.urandom(size)).decode().rstrip("=")


def _import(file: Path, variables: dict[str, str]) -> str:
    """Return how long the import took and the most memory that it used, as text.

    Raises:
        RuntimeError: it failed.
    """
    command = [sys.executable, "manage.py", "import_accounts", str(file)]
    options = ["--create-domains", POLICY, "--create-departments"]
    begun = time.perf_counter()
    with subprocess.Popen(
        [*command, *options], cwd=ROOT, env=variables, stdout=subprocess.DEVNULL
    ) as process:
        _pid, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(command)
    took = time.perf_counter() - begun
    return (
        f"{took:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of them processor time,"
        f" {used.ru_maxrss / 1024:.0f} MiB"
    )
