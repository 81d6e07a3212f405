"""A pytest plugin that is loaded first and sets the environment of the portal.

TEST_DATABASE=sqlite (default) or postgres chooses the database. PostgreSQL is a private
server on loopback, which starts here and stops with the tests.

With MAIL_SERVERS=var/debian13, the tests of mail servers use those of the folder; see
deploy/servers.py.

With `-n 2`, each of the two worker processes imports this, and has a folder and a
database of its own. The controller imports it too, and has neither.
"""

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from deploy import servers
from deploy.postgres import PrivatePostgres
from deploy.values import installed_dovecot

if os.environ.get(servers.VARIABLE):
    # Wherever a program that inherits it is started.
    os.environ[servers.VARIABLE] = str(Path(os.environ[servers.VARIABLE]).resolve())
# After a shell's "&" this process ignores Ctrl-C, and so would its children.
signal.signal(signal.SIGINT, signal.default_int_handler)

FOLDER = Path(tempfile.mkdtemp(prefix="mailportal-tests-"))
FOLDER.chmod(0o755)  # the mail servers read below it under their own users
(FOLDER / "static").mkdir()  # WhiteNoise warns without it; nothing has been collected
DATABASE = os.environ.get("TEST_DATABASE", "sqlite")
POSTGRES = PrivatePostgres() if DATABASE == "postgres" else None

os.environ.update(
    DATABASE_URL=f"sqlite:///{FOLDER}/db/portal.sqlite3",
    SECRET_KEY="a key for tests only, as long as the real ones have to be",
    HTTPS="false",
    ALLOWED_HOSTS="localhost,127.0.0.1,testserver",
    VAR=str(FOLDER),
    SMS_GATEWAY="memory",
    MAIL_SITE="sg",
    MAIL_SITES="""[
        {"key": "sg", "name": "Singapore", "url": "http://127.0.0.1:8000/",
         "imap": {"host": "imap.example.com", "port": 993, "security": "SSL/TLS"},
         "pop3": {"host": "pop.example.com", "port": 995, "security": "SSL/TLS"},
         "smtp": {"host": "smtp.example.com", "port": 465, "security": "SSL/TLS"}},
        {"key": "de", "name": "Germany", "url": "https://mail.de.example.com/"}
    ]""",
    WEBMAIL_NETWORKS="127.0.0.2/32",
    SUPPORT_ADDRESS="postmaster@example.com",
)
if POSTGRES is not None:
    os.environ["DATABASE_URL"] = POSTGRES.url()


def pytest_configure(config: pytest.Config) -> None:
    if is_controller(config):
        # So tests parametrized by a set have the same order in all processes.
        os.environ.setdefault("PYTHONHASHSEED", "0")
    elif POSTGRES is not None:
        POSTGRES.__enter__()


def is_controller(config: pytest.Config) -> bool:
    """Whether this process only distributes the tests to others (`-n`)."""
    return bool(config.getoption("numprocesses", None))


def pytest_report_header() -> str:
    return f"database: {DATABASE}, Dovecot {installed_dovecot()}"


def pytest_unconfigure(config: pytest.Config) -> None:
    if POSTGRES is not None:
        POSTGRES.__exit__(None, None, None)
    shutil.rmtree(FOLDER)
