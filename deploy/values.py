"""Settings that differ between mail hosts."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from deploy import servers
from deploy.databases import sqlite_file

DOVECOT = "/usr/sbin/dovecot"
# The versions that deploy/ has a configuration for.
DovecotVersion = Literal["2.3", "2.4"]
VERSIONS: tuple[DovecotVersion, ...] = get_args(DovecotVersion)


class UnsupportedDovecotError(Exception):
    """There is no configuration for this Dovecot. The text is for an operator."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"Dovecot {version} is installed; supported are {' and '.join(VERSIONS)}"
        )


def installed_dovecot(*command: str) -> DovecotVersion | None:
    """Return the version of the installed Dovecot, or that of MAIL_SERVERS.

    None if there is none. `command` starts it, if it is not where Debian installs it.

    Raises:
        UnsupportedDovecotError: there is no configuration for this version.
    """
    try:
        done = subprocess.run(
            servers.command(*(command or (DOVECOT,)), "--version"),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None
    told = done.stdout.strip()  # 2.4.1-4 (7d8c0e5759)
    found = re.match(r"\d+\.\d+(?=\.)", told)
    if not found or found[0] not in VERSIONS:
        raise UnsupportedDovecotError(told or "of no known version")
    return found[0]


def _installed_or_oldest() -> DovecotVersion:
    return installed_dovecot() or VERSIONS[0]


@dataclass(frozen=True)
class Ports:
    """The ports of the services; the defaults are those of a host with TLS."""

    imap: int = 993
    pop3: int = 995
    submission: int = 587
    submissions: int = 465
    doveadm: int = 8080


@dataclass(frozen=True)
class Certificate:
    """A certificate chain and its key, as PEM files."""

    chain: Path
    key: Path


@dataclass(frozen=True)
class PrivateInstance:
    """What distinguishes a private instance from the system's."""

    name: str
    base: Path
    privileged: bool

    @property
    def relay(self) -> Path:
        """The socket that Postfix asks for logons."""
        return self.base.parent / "relay"


@dataclass(frozen=True)
class MailHostValues:
    """All settings that differ between mail hosts."""

    folder: Path
    database_url: str
    doveadm_api_key: str = field(repr=False)
    host_name: str
    # None: passwords travel in clear text, which is for loopback only.
    certificate: Certificate | None = None
    mail: Path = Path("/srv/mail")
    # The home of a mailbox, with %u for its address and %n and %d for the parts of it.
    # Empty: a folder below `mail`.
    home: str = ""
    mail_user: str = "vmail"
    mail_group: str = "vmail"
    # In addition to its own, the group of the user that runs Dovecot's logon workers.
    database_group: str = ""
    webmail_networks: Sequence[str] = ()
    ports: Ports = field(default_factory=Ports)
    doveadm_address: str = "127.0.0.1"
    failure_delay: int = 2
    # Times a second that a worker computes the hash of a web password that is refused
    # anyway, to give the mail program the reason; 0: never.
    told_a_second: float = 0.1
    # Different wrong passwords from one network that a worker checks in ten minutes:
    # for one account, and for all accounts together.
    guesses_an_account: int = 10
    guesses_a_network: int = 100
    with_postfix: bool = True
    # The version to render for: the installed one.
    dovecot: DovecotVersion = field(default_factory=_installed_or_oldest)
    private: PrivateInstance | None = None

    @property
    def workers(self) -> int:
        """The number of processes that decide logons.

        One for each core; two where they wait for a database server, so that another
        computes a hash meanwhile.
        """
        cores = os.cpu_count() or 1
        return cores if sqlite_file(self.database_url) else 2 * cores
