"""Measure the server's time for the pages of an owner with ten passwords, on SQLite."""

import json
import subprocess
import sys
import tempfile

from bench.hosts import FILL, ROOT, environment

MEASURE = FILL.replace("bench.rows", "bench.pagetimes")
SERVER = {"host": "mail.bench.example", "port": 993, "security": "SSL/TLS"}
SITE = {
    "key": "bench",
    "name": "Bench",
    "url": "https://portal.bench.example/",
    **dict.fromkeys(("imap", "pop3", "smtp"), SERVER),
}


def report(passwords: list[str]) -> str:
    """Fill a database, measure in another process, and return the report."""
    with tempfile.TemporaryDirectory() as folder:
        env = environment(f"sqlite:///{folder}/portal.sqlite3")
        env |= {"VAR": folder, "HTTPS": "false", "ALLOWED_HOSTS": "testserver"}
        fill = [sys.executable, "-c", FILL, "100", json.dumps(passwords)]
        subprocess.run(fill, cwd=ROOT, env=env, check=True)
        env |= {"MAIL_SITES": json.dumps([SITE]), "MAIL_SITE": "bench"}
        collect = [sys.executable, "manage.py", "collectstatic", "--verbosity", "0"]
        subprocess.run(collect, cwd=ROOT, env=env, check=True)
        measure = [sys.executable, "-c", MEASURE]
        done = subprocess.run(
            measure, cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True
        )
    return done.stdout.rstrip()
