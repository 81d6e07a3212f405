"""Measure whole IMAP sessions with TLS: connect, log on, log out."""

import contextlib
import imaplib
import itertools
import secrets
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench import hosts, targets
from bench.hosts import LOGGED, PLAIN, Site
from deploy.mailhost import MailHost
from deploy.values import Certificate

AT_ONCE = 8


def report(site: Site, folder: Path, rounds: int, seconds: float) -> str:
    """Return the sessions a second of plain Dovecot and of ours, in turns."""
    certificate = make_certificate(folder)
    rates: dict[str, list[float]] = {PLAIN: [], LOGGED: []}
    with contextlib.ExitStack() as running:
        both = dict(hosts.run_hosts(site, folder, list(rates), running, certificate))
        for _ in range(rounds):
            for name, host in both.items():
                known = site.passwords[:1] if name == PLAIN else site.passwords
                rates[name].append(rate(host, site.accounts, known, seconds))
    pairs = zip(rates[LOGGED], rates[PLAIN], strict=True)
    ratio = median(ours / plain for ours, plain in pairs)
    return (
        f"IMAP within TLS, {AT_ONCE} at once: plain {median(rates[PLAIN]):,.0f}"
        f" sessions/s, ours {median(rates[LOGGED]):,.0f} ({ratio:.2f} of plain)"
    )


def rate(
    host: MailHost, accounts: int, passwords: Sequence[str], seconds: float
) -> float:
    """Return how many sessions a second started and ended."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    end = time.monotonic() + seconds
    count = itertools.count()

    def work() -> None:
        while time.monotonic() < end:
            number = secrets.randbelow(accounts)
            client = imaplib.IMAP4_SSL(
                "127.0.0.1", host.ports.imap, ssl_context=context
            )
            client.login(f"u{number}@{targets.DOMAIN}", secrets.choice(passwords))
            client.logout()
            next(count)

    threads = [threading.Thread(target=work) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(count) / seconds


def make_certificate(folder: Path) -> Certificate:
    """Create a self-signed certificate."""
    made = Certificate(folder / "chain.pem", folder / "key.pem")
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        f" -keyout {made.key} -out {made.chain}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return made
