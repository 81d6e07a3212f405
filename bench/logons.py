"""Logon decisions a second: ours with ten client passwords, plain Dovecot with one.

All contenders run at the same time and take turns under load, several rounds of it, so
that whatever else the machine does meanwhile hits all alike.
"""

import contextlib
import itertools
import json
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import hashes, load, targets
from bench.authsocket import Logon, Verdict
from bench.plain import PlainHost, make_table
from deploy.mailhost import MailHost
from deploy.postgres import PrivatePostgres

ROOT = Path(__file__).resolve().parent.parent
FILL = (
    "import django, runpy; django.setup();"
    "runpy.run_module('bench.rows', run_name='__main__')"
)
IN_FLIGHT = 16
DIFFERENT_LOGONS = 50_000
PLAIN, POSTGRES, SQLITE = "plain Dovecot", "ours, PostgreSQL", "ours, SQLite"


@dataclass
class Contender:
    """A running mail host, and what was measured of it."""

    name: str
    accounts: int
    host: MailHost
    passwords: Sequence[str]
    rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        logons = (
            Logon(
                f"u{secrets.randbelow(self.accounts)}@{targets.DOMAIN}",
                secrets.choice(self.passwords),
            )
            for _ in range(DIFFERENT_LOGONS)
        )
        # Written out before anything is measured, which takes as long as asking.
        self._logons = itertools.cycle([logon for logon in logons if logon.request])

    def run(self, seconds: float) -> None:
        """Have it under load for a while.

        Raises:
            RuntimeError: it refused a right password.
        """
        path = self.host.socket("auth-client")
        result = load.measure(path, self._logons, seconds=seconds, in_flight=IN_FLIGHT)
        if set(result.verdicts) != {Verdict.OK}:
            message = f"{self.name}: {result.verdicts}"
            raise RuntimeError(message)
        self.rates.append(result.rate)


def main(rounds: int, seconds: float, sizes: Sequence[int]) -> None:
    """Measure, and print what came out."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        postgres = running.enter_context(PrivatePostgres())
        passwords = [hashes.new_password() for _ in range(targets.PASSWORDS)]
        contenders = [
            contender
            for size in sizes
            for contender in start(size, passwords, postgres, folder, running)
        ]
        say(f"{rounds} rounds of {seconds:g} s each, {IN_FLIGHT} logons in flight …")
        for _ in range(rounds):
            for contender in contenders:
                contender.run(seconds)
        say(report(contenders))
        for contender in contenders[1:3]:
            say(hashes.report(contender.name, contender.host, passwords))


def start(
    size: int,
    passwords: list[str],
    postgres: PrivatePostgres,
    folder: Path,
    running: contextlib.ExitStack,
) -> Iterator[Contender]:
    """Make databases of this size, and run a mail host of every kind on them."""
    database = f"bench_{size}"
    postgres.run_sql(f"CREATE DATABASE {database} OWNER mailportal")
    file = folder / f"db_{size}" / "portal.sqlite3"
    file.parent.mkdir()
    server, embedded = postgres.url(database=database), f"sqlite:///{file}"
    for url in (server, embedded):
        kind = url.partition(":")[0]
        say(f"Filling {kind} with {size:,} accounts, ten client passwords each …")
        fill(url, size, passwords)
    make_table(postgres, database, passwords[0])
    hosts = {
        PLAIN: PlainHost(folder / f"plain_{size}", database_url=server),
        POSTGRES: MailHost(folder / f"postgres_{size}", database_url=server),
        SQLITE: MailHost(folder / f"sqlite_{size}", database_url=embedded),
    }
    for name, host in hosts.items():
        host.has_postfix = False
        running.enter_context(host)
        known = passwords[:1] if name == PLAIN else passwords
        yield Contender(name, size, host, known)


def fill(url: str, size: int, passwords: list[str]) -> None:
    """Make tables and rows, in a process that knows this database only."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "mailportal.settings",
        "SECRET_KEY": "-" * 50,
        "WEBMAIL_NETWORKS": "127.0.0.2/32",
    }
    command = [sys.executable, "-c", FILL, str(size), json.dumps(passwords)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def report(contenders: Sequence[Contender]) -> str:
    """Return the rates, and the two ratios that have their targets."""
    lines = [f"{'':18}{'accounts':>9}{'logons/s':>10}   lowest-highest   to plain"]
    plain = {each.accounts: each for each in contenders if each.name == PLAIN}
    smallest = {each.name: each for each in reversed(contenders)}
    for each in contenders:
        ratio = ratio_of(each, plain[each.accounts])
        spread = f"{min(each.rates):,.0f}-{max(each.rates):,.0f}"
        lines.append(
            f"{each.name:18}{each.accounts:>9,}{median(each.rates):>10,.0f}"
            f"   {spread:>14}{ratio:>11.2f}"
        )
    for each in contenders:
        if each.name == POSTGRES:
            ratio = ratio_of(each, plain[each.accounts])
            text = f"{POSTGRES}, {each.accounts:,} accounts: {ratio:.2f} of plain"
            lines.append(judged(text, ratio, targets.LEAST_RATIO))
        if each is not smallest[each.name]:
            ratio = ratio_of(each, smallest[each.name])
            fewer = smallest[each.name].accounts
            text = f"{each.name}: {each.accounts:,} against {fewer:,}: {ratio:.2f}"
            lines.append(judged(text, ratio, 1 - targets.MOST_LOSS))
    return "\n".join(lines)


def ratio_of(one: Contender, other: Contender) -> float:
    """Return the median of the ratios of the rounds, each of which was one moment."""
    pairs = zip(one.rates, other.rates, strict=True)
    return median(mine / theirs for mine, theirs in pairs)


def judged(text: str, value: float, least: float) -> str:
    verdict = "as wanted" if value >= least else f"MISSED, wanted {least:.2f}"
    return f"{text} ({verdict})"


def say(text: str) -> None:
    print(text, flush=True)
