"""Decide what the demonstration runs where, and derive the portal's settings."""

import json
import os
import secrets
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy import servers
from deploy.folders import find_closed_folder
from deploy.mailhost import MailHost
from deploy.supervisor import HOST, ROOT, StartError
from deploy.values import Ports

# The address of the host's webmail; a reader can connect from it.
WEBMAIL = "127.0.0.2"

# The variables that the processes inherit. This module sets all others, so that a
# variable left over in a shell cannot change the demonstration.
INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")


@dataclass(frozen=True)
class Plan:
    """What runs where."""

    folder: Path
    # The folder of database and mail; see `choose_mail_folder`.
    shared: Path
    port: int
    mail: MailHost
    # Debian packages without which there is no mail server.
    missing: list[str]
    # For those who change the portal; see deploy/demo.py.
    is_development: bool = False

    @property
    def database_url(self) -> str:
        return database_url(self.shared)

    @property
    def ports(self) -> dict[str, int]:
        """The ports that must be free, by the variable that changes each."""
        numbers = {"PORT": self.port}
        if not self.missing:
            numbers |= {
                "IMAP_PORT": self.mail.ports.imap,
                "POP3_PORT": self.mail.ports.pop3,
            }
            if self.mail.has_postfix:
                numbers["SUBMISSION_PORT"] = self.mail.ports.submission
        return numbers


def make_plan(environment: Mapping[str, str], *, is_development: bool = False) -> Plan:
    """Read the variables; create the folders and secrets that do not exist yet.

    Raises:
        StartError: a port is not a number, or MAIL_SERVERS has no mail servers.
    """
    try:
        servers.command()
    except servers.MissingServersError as reason:
        raise StartError(str(reason)) from reason
    folder = Path(environment.get("VAR") or ROOT / "var").resolve()
    shared = choose_mail_folder(folder)
    (shared / "db").mkdir(exist_ok=True)
    mail = MailHost(
        shared / "mail",
        database_url=database_url(shared),
        ports=Ports(
            imap=port(environment, "IMAP_PORT", 10143),
            pop3=port(environment, "POP3_PORT", 10110),
            submission=port(environment, "SUBMISSION_PORT", 10587),
            submissions=0,
            doveadm=0,
        ),
        doveadm_api_key=ensure_secret_file(folder, "doveadm-api-key").read_text(),
        webmail_networks=[f"{WEBMAIL}/32"],
    )
    missing = MailHost.missing(database_url(shared))
    number = port(environment, "PORT", 8000)
    return Plan(folder, shared, number, mail, missing, is_development)


def port(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdecimal() and 0 < int(text) < 2**16):
        raise StartError(f"{name}={text} is not a port; give a number up to 65535.")
    return int(text)


def database_url(folder: Path) -> str:
    """Return the URL of an SQLite file in a folder of its own.

    The mail server gets access to that folder.
    """
    return f"sqlite:///{quote(str(folder))}/db/portal.sqlite3"


def ensure_secret_file(folder: Path, name: str) -> Path:
    """Return a file with 256 random bits, which only its owner can read.

    The first start creates it.
    """
    path = folder / "secrets" / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path


def choose_mail_folder(folder: Path) -> Path:
    """Return the folder for database and mail: `folder`, if the servers can enter it.

    If root starts them, Dovecot and Postfix run as their own users, who cannot enter
    root's home. Then the folder is below /var/lib, and a link in `folder` points to it.
    """
    link = folder / "shared"
    if link.exists():
        return link.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or find_closed_folder(folder) is None:
        return folder
    shared = Path(tempfile.mkdtemp(prefix="mailportal-", dir="/var/lib"))
    shared.chmod(0o755)
    link.unlink(missing_ok=True)
    link.symlink_to(shared)
    return shared


def inherit_environment(environment: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: environment[name] for name in INHERITED if name in environment}
    return inherited | {"PYTHONUNBUFFERED": "1"}  # a code by SMS is shown at once


def write_settings(path: Path, settings: Mapping[str, str]) -> None:
    """Write the settings for a shell, so that manage.py can use them as well."""
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items()]
    path.write_text("".join(lines))


def make_settings(plan: Plan) -> dict[str, str]:
    """Return the portal's settings; `.env.example` explains each of them."""
    doveadm = f"http://{HOST}:{plan.mail.ports.doveadm}/doveadm/v1"
    return {
        "VAR": str(plan.folder),
        "DATABASE_URL": plan.database_url,
        "HTTPS": "false",
        "DEBUG": str(plan.is_development).lower(),
        "ALLOWED_HOSTS": f"localhost,{HOST}",
        "SECRET_KEY_FILE": str(ensure_secret_file(plan.folder, "secret-key")),
        "SMS_GATEWAY": "console",
        "EMAIL_GATEWAY": "console" if plan.is_development else "filebased",
        "EMAIL_FROM": "portal@example.com",
        "DOVEADM_URLS": doveadm,
        "DOVEADM_API_KEY_FILE": str(ensure_secret_file(plan.folder, "doveadm-api-key")),
        "WEBMAIL_NETWORKS": f"{WEBMAIL}/32",
        "MAIL_HOME": f"{plan.mail.folder}/mail/%u",
        "MAIL_SITE": "singapore",
        "MAIL_SITES": json.dumps(make_sites(plan)),
    }


def make_sites(plan: Plan) -> list[dict[str, object]]:
    """Return the site of the servers on loopback, and three examples."""
    ports = plan.mail.ports
    numbers = {"imap": ports.imap, "pop3": ports.pop3, "smtp": ports.submission}
    return [
        {
            "key": "singapore",
            "name": "Singapore",
            "url": f"http://{HOST}:{plan.port}/",
            **{
                name: {"host": HOST, "port": number, "security": "none"}
                for name, number in numbers.items()
            },
        },
        make_example_site("hongkong", "China (Hong Kong)"),
        make_example_site("germany", "Germany"),
        make_example_site("us", "United States"),
    ]


def make_example_site(key: str, name: str) -> dict[str, object]:
    numbers = {"imap": 993, "pop3": 995, "smtp": 465}
    return {
        "key": key,
        "name": name,
        "url": f"https://portal.{key}.mail.example/",
        **{
            service: {
                "host": f"{service}.{key}.mail.example",
                "port": number,
                "security": "SSL/TLS",
            }
            for service, number in numbers.items()
        },
    }
