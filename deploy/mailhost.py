"""Run a private mail host on loopback, with the configuration that operators install.

    with MailHost(folder, database_url="sqlite:////srv/db/portal.sqlite3") as host:
        print(host.ports.imap)

Root gets Dovecot and Postfix. Other users get Dovecot only, as they cannot run Postfix.
The system's own instances are never touched. deploy/servers.py says where the programs
come from.
"""

import getpass
import grp
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from deploy import servers
from deploy.databases import as_mail_role, sqlite_file
from deploy.folders import find_closed_folder, share
from deploy.lifetime import tie_to_parent
from deploy.packages import missing_packages
from deploy.ports import choose_free_ports, is_free
from deploy.relay import listen_for_postfix, start_relay
from deploy.render import render
from deploy.values import (
    DOVECOT,
    Certificate,
    MailHostValues,
    Ports,
    PrivateInstance,
    UnsupportedDovecotError,
    installed_dovecot,
)
from deploy.waiting import NotReady, run_to_completion, wait_until_listening

STOP_PATIENCE = 60.0  # seconds until a server that was asked to stop is killed
POSTFIX = "/usr/sbin/postfix"
POSTFIX_MASTER = "/usr/lib/postfix/sbin/master"
# A shell that stops a server on TERM, or when the thread that started it has ended. The
# kernel cannot signal the servers themselves: changing users clears that setting.
GUARD = """
trap 'kill -TERM $server' TERM
"$@" &
server=$!
wait $server
wait $server
"""


class MailHostError(Exception):
    """The mail host cannot run. The text says why."""


@dataclass
class MailHost:
    """Dovecot and Postfix as child processes, with all their files in one folder.

    `database_url` may be the portal's own: the mail server reads it in its own role. An
    SQLite file must be in a folder of its own, which the mail server gets access to.
    A port of 0 means any free port. When the host stops, mail and logs stay in the
    folder; each start writes everything else again. The servers also stop when the
    thread that started them ends.
    """

    dovecot_program: ClassVar[str] = DOVECOT

    folder: Path
    _: KW_ONLY
    database_url: str
    ports: Ports = field(default_factory=lambda: Ports(0, 0, 0, 0, 0))
    doveadm_api_key: str = field(
        default_factory=lambda: secrets.token_urlsafe(24), repr=False
    )
    webmail_networks: Sequence[str] = ()
    certificate: Certificate | None = None
    # Seconds until a wrong password is answered.
    failure_delay: int = 2

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        self.database_url = as_mail_role(self.database_url)
        self.ports = choose_free_ports(self.ports)
        self.has_postfix = os.geteuid() == 0 and servers.have(POSTFIX)
        self._processes: list[subprocess.Popen[bytes]] = []
        # For sockets: their paths may have at most 107 characters.
        self._base: Path | None = None
        # The socket that Postfix asks; it outlives the relay that listens on it.
        self._relay_socket: socket.socket | None = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    @staticmethod
    def missing(database_url: str) -> list[str]:
        """Return the Debian packages that are needed and not installed.

        They include Postfix for root only: nobody else can run it.
        """
        return missing_packages(as_mail_role(database_url))

    @property
    def dovecot_conf(self) -> Path:
        """The main file, for `doveadm -c`."""
        return self.folder / "dovecot" / "dovecot.conf"

    @property
    def dovecot_log(self) -> Path:
        """Dovecot's log, with a line for each logon decision."""
        return self.folder / "dovecot.log"

    @property
    def postfix_log(self) -> Path:
        """Postfix's log."""
        return self.folder / "postfix.log"

    @property
    def processes(self) -> dict[str, subprocess.Popen[bytes]]:
        """The started processes by name."""
        names = ("mail server Dovecot", "relay of Postfix", "mail server Postfix")
        return dict(zip(names, self._processes, strict=False))

    def socket(self, name: str) -> Path:
        """Return one of Dovecot's sockets: "auth-client", "lmtp", "doveadm-server"."""
        if self._base is None:
            message = "it is not running"
            raise MailHostError(message)
        return self._base / "dovecot" / name

    def start(self) -> None:
        """Start all servers; return when all of them answer.

        Raises:
            MailHostError: a server cannot run here. Nothing is left running.
        """
        self._check()
        self._base = Path(tempfile.mkdtemp(prefix="mailportal-mail-"))
        try:
            self._prepare(self._base)
            # Dovecot first: Postfix asks it for logons.
            self._start_dovecot()
            if self.has_postfix:
                self.start_relay()
                self._start_postfix(str(self.folder / "postfix"))
        except NotReady as reason:
            self.stop()
            message = f"{reason}; see the logs in {self.folder}"
            raise MailHostError(message) from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all servers that were started."""
        while self._processes:
            process = self._processes.pop()
            process.terminate()
            try:
                process.wait(STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self._close_relay_socket()
        if self._base:
            shutil.rmtree(self._base, ignore_errors=True)
        self._base = None

    def _check(self) -> None:
        try:
            version = installed_dovecot(self.dovecot_program)
        except UnsupportedDovecotError as error:
            raise MailHostError(str(error)) from error
        if not version:
            message = "Dovecot is not installed"
            raise MailHostError(message)
        file = sqlite_file(self.database_url)
        if file and self.folder.is_relative_to(file.parent):
            message = f"{file.parent} is for the database alone, not for a mail host"
            raise MailHostError(message)
        closed_folder = find_closed_folder(self.folder) or (
            file and find_closed_folder(file.parent.parent)
        )
        if closed_folder and os.geteuid() == 0:
            message = f"the mail server's users cannot pass through {closed_folder}"
            raise MailHostError(message)
        for port in vars(self.ports).values():
            if not is_free(port):
                message = f"port {port} is taken"
                raise MailHostError(message)

    def _prepare(self, base: Path) -> None:
        base.chmod(0o755)
        values = self._values(base)
        folders = [self.folder / name for name in ("mail", "queue", "state")]
        for folder in (*folders, base / "dovecot"):
            folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(values.mail, values.mail_user, values.mail_group)
        file = sqlite_file(self.database_url)
        if file and values.database_group:
            share(file, values.database_group)
        render(values)

    def _values(self, base: Path) -> MailHostValues:
        root = os.geteuid() == 0
        group = "postfix" if self.has_postfix else "dovecot"
        return MailHostValues(
            folder=self.folder,
            database_url=self.database_url,
            database_group=group if root and sqlite_file(self.database_url) else "",
            doveadm_api_key=self.doveadm_api_key,
            host_name="localhost.localdomain",
            certificate=self.certificate,
            mail=self.folder / "mail",
            mail_user="mail" if root else getpass.getuser(),
            mail_group="mail" if root else grp.getgrgid(os.getegid()).gr_name,
            webmail_networks=self.webmail_networks,
            ports=self.ports,
            failure_delay=self.failure_delay,
            with_postfix=self.has_postfix,
            private=PrivateInstance(base.name, base / "dovecot", privileged=root),
        )

    def _start_dovecot(self) -> None:
        self._start_server(
            "Dovecot", self.dovecot_program, "-F", "-c", str(self.dovecot_conf)
        )
        listeners = (self.ports.imap, self.ports.pop3, self.socket("auth-client"))
        wait_until_listening("Dovecot", self._processes[-1], listeners)
        # Dovecot 2.4 warms up with a look-up (warm-up.conf); one answer ends that.
        configuration, nobody = str(self.dovecot_conf), "nobody@localhost"
        look_up = servers.command("doveadm", "-c", configuration, "user", nobody)
        with (self.folder / "start.log").open("ab") as log:
            run_to_completion("Dovecot's first look-up", look_up, log)

    def start_relay(self) -> None:
        """Start the relay that Postfix asks for logons; start it again if it ended."""
        program, socket_path = self.relay_files()
        dovecot, log = self.socket("auth-postfix"), self.folder / "start.log"
        self._relay_socket = self._relay_socket or listen_for_postfix(socket_path)
        self.relay = start_relay(program, dovecot, self._relay_socket, log)
        self._processes.append(self.relay)

    def stop_relay(self) -> None:
        """Stop the relay as the host does when it stops."""
        self._processes.remove(self.relay)
        self.relay.terminate()
        self.relay.wait(STOP_PATIENCE)
        self._close_relay_socket()

    def _close_relay_socket(self) -> None:
        if self._relay_socket:
            self._relay_socket.close()
            self.relay_files()[1].unlink(missing_ok=True)
        self._relay_socket = None

    def relay_files(self) -> tuple[Path, Path]:
        """Return the relay's program, and the socket that Postfix connects to."""
        socket_path = self.socket("auth-postfix").parents[1] / "relay"
        return self.folder / "postfix" / "authrelay.py", socket_path

    def _start_postfix(self, configuration: str) -> None:
        # Not "postfix start-fg": that leaves a shell between us and the server.
        with (self.folder / "start.log").open("ab") as log:
            check = servers.command(POSTFIX, "-c", configuration, "check")
            run_to_completion("Postfix's check of its configuration", check, log)
        self._start_server("Postfix", POSTFIX_MASTER, "-c", configuration, "-s")
        listeners = (self.ports.submission,)
        wait_until_listening("Postfix", self._processes[-1], listeners)

    def _start_server(self, name: str, *command: str) -> None:
        """Start a server in a session of its own."""
        guarded = tie_to_parent(["sh", "-c", GUARD, name, *command])
        log = (self.folder / "start.log").open("ab")
        with log:
            self._processes.append(
                subprocess.Popen(
                    servers.command(*guarded),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )
