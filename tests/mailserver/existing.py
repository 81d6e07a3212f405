"""A mail host as Debian and its administrator configured it, before the portal.

Its configuration is that of the packages, with the few changes that every such host
has. The tests run the steps of docs/adopt.md on it as they are written there.
"""

import contextlib
import io
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from django.core.management import call_command

from deploy import servers
from deploy.databases import sqlite_file
from deploy.folders import share
from deploy.mailhost import MailHost
from tests.mailserver.debianhost import (
    configure_dovecot,
    configure_postfix,
    fill_mailboxes,
)
from tests.mailserver.versions import DOVECOT, OF_2_4, DovecotDialect
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "adopt.md"
RESTART_DOVECOT = "systemctl restart dovecot"
START_RELAY = "systemctl enable --now mailportal-relay.socket"
STOP_RELAY = "systemctl disable --now mailportal-relay.socket mailportal-relay.service"

LABELLED = re.compile(
    r"^\*\*(?P<label>\w+)\*\*(?:, with (?P<case>[\w-]+))?[^\n]*\n"
    r"(?:[^`#*\n][^\n]*\n)*\n```(?P<language>\w+)\n(?P<text>.*?)^```\n"
    r"(?:\nwith Dovecot 2\.4[^\n]*:\n\n```(?P=language)-2\.4\n(?P<newer>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A code block of docs/adopt.md after a label such as **Do**, with SQL."""

    step: int
    label: str
    case: str
    text: str


def blocks(dovecot: DovecotDialect) -> list[Block]:
    """Return all labelled blocks of the page for this version, in their order."""
    sections = re.split(r"^## Step ", PAGE.read_text(), flags=re.MULTILINE)[1:]
    return [
        Block(
            int(section.partition(".")[0]),
            found["label"],
            found["case"] or "",
            (found["newer"] if dovecot is OF_2_4 else None) or found["text"],
        )
        for section in sections
        for found in LABELLED.finditer(section)
    ]


@dataclass
class ExistingHost(MailHost):
    """The host, and the step of docs/adopt.md that it has reached."""

    table: str = "passwd-file"
    step: int = 1

    def move_to(self, step: int) -> None:
        """Do the steps up to this one, or undo the steps after it."""
        while self.step < step:
            self.step += 1
            self.run(self.step, "Do")
        while self.step > step:
            self.run(self.step, "Undo")
            self.step -= 1

    def run(self, step: int, label: str, typed: str = "") -> str:
        """Run the blocks of a step under a label; return their output."""
        text = "".join(
            block.text
            for block in self.blocks()
            if (block.step, block.label) == (step, label)
        )
        return self.do(text, typed)

    def blocks(self) -> list[Block]:
        """Return the blocks of the page that are for a host like this one."""
        database = "SQLite" if sqlite_file(self.database_url) else "PostgreSQL"
        cases = {"", "ACL", self.table, database}
        return [block for block in blocks(DOVECOT) if block.case in cases]

    def do(self, text: str, typed: str = "") -> str:
        """Run commands as the page writes them; return their output.

        Afterwards the servers have completed their reload, start or stop.
        """
        waits = []
        if "doveadm reload" in text:
            waits.append(self._until_dovecot_is_reloaded())
        if "postfix reload" in text and self.has_postfix:
            waits.append(self._until_postfix_is_reloaded())
        if START_RELAY in text and self.has_postfix:
            super().start_relay()
        printed = self.shell(text, typed)
        for wait in waits:
            wait()
        if RESTART_DOVECOT in text:
            self._restart_dovecot()
        if STOP_RELAY in text and self.has_postfix:
            self.stop_relay()
        return printed

    def start_relay(self) -> None:
        """Do nothing: step 6 starts the relay."""

    def relay_files(self) -> tuple[Path, Path]:
        """Return the relay's program, and the path of the unit's socket."""
        program = self.folder / "mailportal" / "mail" / "postfix" / "authrelay.py"
        return program, self.folder / "queue" / "private" / "mailportal-relay"

    def shell(self, text: str, typed: str = "") -> str:
        """Run commands that name files and ports of a system; here they mean this host.

        Raises:
            AssertionError: one of them failed.
        """
        text = self.replace_names(text)
        done = subprocess.run(
            servers.command("sh", "-euc", text),
            input=typed,
            cwd=ROOT,
            env=os.environ
            | {
                "CONFIG_FILE": str(self.dovecot_conf),
                "MAIL_CONFIG": str(self.folder / "postfix"),
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def replace_names(self, text: str) -> str:
        """Return the text with this host's paths and ports in place of the system's."""
        base = self.socket("auth").parent
        names = {
            "/etc/dovecot": self.folder / "dovecot",
            "/etc/postfix": self.folder / "postfix",
            "/etc/mailportal": self.folder / "mailportal",
            "/var/vmail": self.folder / "mail",
            "/var/log/dovecot.log": self.decisions,
            "/run/dovecot": base,
            "127.0.0.1:8080": f"127.0.0.1:{self.ports.doveadm}",
            "port = 8080": f"port = {self.ports.doveadm}",
            "submission/inet": f"127.0.0.1:{self.ports.submission}/inet",
            "mail_uid = vmail": "mail_uid = mail",
            "mail_gid = vmail": "mail_gid = mail",
            "-g mailportal": "-g root",
            "postgresql://mailportal_mail@%2Frun%2Fpostgresql/mailportal": (
                self.database_url
            ),
        }
        if sqlite_file(self.database_url):
            names["proxy:pgsql:"] = "proxy:sqlite:"
        # There is no systemd here: see `run`.
        names |= dict.fromkeys((RESTART_DOVECOT, START_RELAY, STOP_RELAY), ":")
        reload = f"{self._settle_postfix()}; postfix reload"
        names["postfix reload"] = reload if self.has_postfix else ":"
        for name, here in names.items():
            text = text.replace(name, str(here))
        return text

    def python(
        self, label: str, *changes: tuple[str, str], users: str | None = None
    ) -> str:
        """Run the Python of step 1 under a label; return its output.

        `users` replaces the host's own table.
        """
        (text,) = (
            block.text
            for block in blocks(DOVECOT)
            if (block.step, block.label) == (1, label)
        )
        for there, here in changes:
            text = text.replace(there, here)
        if users is None:
            users = (self.folder / "dovecot" / "users").read_text()
        printed = io.StringIO()
        with (
            mock.patch("sys.stdin", io.StringIO(users)),
            contextlib.redirect_stdout(printed),
        ):
            call_command("shell", command=self.replace_names(text), no_imports=True)
        return printed.getvalue()

    def configuration(self) -> str:
        """Return all that differs from the servers' defaults."""
        files = "ls -R /etc/dovecot /etc/postfix"
        return self.shell(
            f"{self._settle_postfix()}\n"
            f"doveconf -n; postconf -n; postconf -M; postconf -P; {files}"
        )

    @property
    def decisions(self) -> Path:
        """The file that step 2 logs to in place of /var/log/dovecot.log."""
        return self.folder / "decisions.log"

    def _prepare(self, base: Path) -> None:
        """Write the host's own configuration instead of the portal's."""
        base.chmod(0o755)
        for name in ("dovecot", "postfix", "mailportal", "mail", "state"):
            (self.folder / name).mkdir(parents=True)
        (base / "dovecot").mkdir()
        private = self.folder / "queue" / "private"
        private.mkdir(parents=True)
        shutil.chown(private, "postfix")
        key = self.folder / "mailportal" / "doveadm-api-key"
        key.write_text(f"{self.doveadm_api_key}\n")
        database = sqlite_file(self.database_url)
        if database:
            share(database, "postfix")
        fill_mailboxes(self.folder / "mail")
        configure_dovecot(self.folder, base / "dovecot", self.table, self.ports)
        configure_postfix(self.folder, self.ports)

    def _settle_postfix(self) -> str:
        """Return the command that makes main.cf look older.

        Postfix reads a file that was just written twice, and waits between; after that,
        `postconf -n` of Postfix 3.10 leaves out config_directory.
        """
        return f"touch -d -10sec {self.folder / 'postfix' / 'main.cf'}"

    def _restart_dovecot(self) -> None:
        dovecot = self._processes.pop(0)
        dovecot.terminate()
        dovecot.wait(PATIENCE)
        self._start_dovecot()

    def _until_dovecot_is_reloaded(self) -> Callable[[], None]:
        """Return a function that waits until every deciding process is a new one."""
        names = {"auth", "auth-worker", "imap-login", "pop3-login", "lmtp", "doveadm"}
        rows = self.shell("doveadm process status").splitlines()[1:]
        old = [Path("/proc", row.split()[1]) for row in rows if row.split()[0] in names]
        count = self.dovecot_log.read_text().count("SIGHUP received")

        def wait() -> None:
            deadline = time.monotonic() + PATIENCE
            while self.dovecot_log.read_text().count("SIGHUP received") == count or any(
                process.exists() for process in old
            ):
                assert time.monotonic() < deadline, "Dovecot does not reload"
                time.sleep(0.05)
            # As warm-up does; on a busy machine it could be later than our first logon.
            self.shell("doveadm user nobody@localhost || true")

        return wait

    def _until_postfix_is_reloaded(self) -> Callable[[], None]:
        def count() -> int:
            return self.postfix_log.read_text().count("reload -- version")

        before = count()

        def wait() -> None:
            deadline = time.monotonic() + PATIENCE
            while count() == before:
                assert time.monotonic() < deadline, "Postfix does not reload"
                time.sleep(0.05)
            time.sleep(0.2)  # the old processes log nothing when they end

        return wait
