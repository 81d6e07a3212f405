"""The mail hosts that are compared; they differ only in what decides a logon."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.plain_dovecot import PlainHost, make_table
from deploy.lifetime import tie_to_parent
from deploy.mailhost import MailHost
from deploy.postgres import PrivatePostgres
from deploy.values import Certificate

ROOT = Path(__file__).resolve().parent.parent
FILL = (
    "import django, runpy; django.setup();"
    "runpy.run_module('bench.rows', run_name='__main__')"
)
PLAIN = "plain Dovecot"
BARE = "ours, no log line"
LOGGED = "ours"
FOLLOWED = "ours, followed"
SQLITE = "ours, SQLite"
SINGLE = "ours, one password"


class BareHost(MailHost):
    """A host that logs no decisions, and so has neither last use nor history."""

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        text = self.dovecot_conf.read_text()
        self.dovecot_conf.write_text(text.replace("auth_verbose = yes\n", ""))


class FollowedHost(MailHost):
    """A host with a follower of the log, which writes last use and history."""

    def start(self) -> None:
        """Start everything, and the follower as mailportal-logons.service does."""
        super().start()
        niced = ["nice", "-n", "10", sys.executable, "manage.py", "follow_logons"]
        follower = subprocess.Popen(
            tie_to_parent([*niced, str(self.dovecot_log), "--node", "bench"]),
            cwd=ROOT,
            env=environment(portal_url(self)),
            start_new_session=True,
        )
        # Stopped as the servers are, and before them.
        self._processes.append(follower)


def portal_url(host: MailHost) -> str:
    """Return the URL of this host's database for the portal's own role."""
    return host.database_url.replace("mailportal_mail@", "mailportal@")


@dataclass(frozen=True)
class Site:
    """Databases of one size, and their contents."""

    accounts: int
    server: str
    file: str
    passwords: Sequence[str]


def fill_site(
    accounts: int, passwords: Sequence[str], postgres: PrivatePostgres, folder: Path
) -> Site:
    """Create a database of each kind with this many accounts with these passwords."""
    database = f"bench_{accounts}_{len(passwords)}"
    postgres.run_sql(f"CREATE DATABASE {database} OWNER mailportal")
    file = folder / f"db_{accounts}_{len(passwords)}" / "portal.sqlite3"
    file.parent.mkdir()
    server, embedded = postgres.url(database=database), f"sqlite:///{file}"
    for url in (server, embedded):
        command = [sys.executable, "-c", FILL, str(accounts), json.dumps([*passwords])]
        subprocess.run(command, cwd=ROOT, env=environment(url), check=True)
    make_table(postgres, database, passwords[0])
    return Site(accounts, server, embedded, passwords)


def run_hosts(
    site: Site,
    folder: Path,
    names: Sequence[str],
    running: contextlib.ExitStack,
    certificate: Certificate | None = None,
) -> Iterator[tuple[str, MailHost]]:
    """Start these hosts, until `running` is closed."""
    kinds: dict[str, type[MailHost]] = {
        PLAIN: PlainHost,
        BARE: BareHost,
        FOLLOWED: FollowedHost,
    }
    tls = "_tls" if certificate else ""
    for number, name in enumerate(names):
        host = kinds.get(name, MailHost)(
            folder / f"{site.accounts}_{len(site.passwords)}_{number}{tls}",
            database_url=site.file if name == SQLITE else site.server,
            certificate=certificate,
            failure_delay=0,
        )
        host.has_postfix = False
        running.enter_context(host)
        yield name, host


def environment(url: str) -> dict[str, str]:
    """Return the environment of a process of the portal on this database only."""
    return {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "mailportal.settings",
        "SECRET_KEY": "-" * 50,
        "WEBMAIL_NETWORKS": "127.0.0.2/32",
    }
