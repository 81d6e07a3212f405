"""Run a private PostgreSQL for tests and benchmarks, and delete it afterwards.

    python -m deploy.postgres pytest tests

runs the command with DATABASE_URL set to a new database in a new cluster. The cluster
has the two roles of roles.sql.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from deploy.lifetime import tie_to_parent
from deploy.waiting import (
    NotReady,
    run_to_completion,
    wait_until_ended,
    wait_until_ready,
)

ROLES = Path(__file__).parent / "postgres" / "roles.sql"
SUPERUSER = "postgres"
OWNER = "mailportal"
MAIL_ROLE = "mailportal_mail"


class PrivatePostgres:
    """A cluster in a temporary folder, on a Unix socket and loopback; no passwords.

    Never for data that anybody wants to keep: it does not wait for the disk.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="mailportal-pg-"))
        self.port = _free_port()
        self._data = self.folder / "data"
        self._binaries = _binaries()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Create the cluster, start it, and create the roles."""
        self._make_cluster()
        self.start()
        self.run_sql(ROLES.read_text())
        # Django needs this to create its test databases.
        self.run_sql(f"ALTER ROLE {OWNER} CREATEDB")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it and delete everything."""
        self.stop()
        shutil.rmtree(self.folder)

    @staticmethod
    def missing() -> list[str]:
        """Return the Debian packages that are needed and not installed."""
        return [] if _binaries().joinpath("initdb").exists() else ["postgresql"]

    def start(self) -> None:
        """Start it; return when it answers. It ends with this thread at the latest.

        Raises:
            TimeoutError: it does not answer.
        """
        address = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"
        hasty = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        options = f"{address} {hasty}".split()
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                self._command("postgres", "-D", str(self._data), *options, ends=True),
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
            )
        try:
            wait_until_ready("PostgreSQL", self._is_ready, self._server)
        except NotReady as reason:
            message = f"{reason}; see {self.folder}/log"
            raise TimeoutError(message) from None

    def stop(self) -> None:
        """Stop it at once if it runs, even with open connections."""
        if self._server:
            self._server.send_signal(signal.SIGINT)
            with suppress(NotReady):  # it is killed then; its data is not needed
                wait_until_ended("PostgreSQL", self._server)
        self._server = None

    def url(self, role: str = OWNER, database: str = OWNER) -> str:
        """Return the URL of a database, over the Unix socket."""
        host = quote(str(self.folder), safe="")
        return f"postgresql://{role}@{host}:{self.port}/{database}"

    def run_sql(
        self, script: str, *, database: str = SUPERUSER, **variables: str
    ) -> str:
        """Run a script of psql as the cluster's administrator; return what it printed.

        Raises:
            subprocess.CalledProcessError: a statement failed.
        """
        connection = ("-h", str(self.folder), "-p", str(self.port), "-U", SUPERUSER)
        options = ["-v", "ON_ERROR_STOP=1", "-qAtX", "-d", database]
        for name, value in variables.items():
            options += ["-v", f"{name}={value}"]
        return self._run("psql", *connection, *options, text=script)

    def _make_cluster(self) -> None:
        self.folder.chmod(0o755)
        if os.geteuid() == 0:
            shutil.chown(self.folder, user="postgres")
        options = ("-A", "trust", "-U", SUPERUSER, "--no-sync", "-E", "UTF8")
        where = ("-D", str(self._data), "--locale=C.UTF-8")
        command = self._command("initdb", *where, *options)
        with (self.folder / "log").open("ab") as log:
            code = run_to_completion("the making of PostgreSQL's cluster", command, log)
        if code:
            raise subprocess.CalledProcessError(code, command)

    def _is_ready(self) -> bool:
        address = ("-q", "-h", str(self.folder), "-p", str(self.port))
        command = self._command("pg_isready", *address)
        return subprocess.run(command, cwd="/", check=False).returncode == 0

    def _run(self, program: str, *arguments: str, text: str = "") -> str:
        return subprocess.run(
            self._command(program, *arguments),
            cwd="/",
            check=True,
            input=text,
            stdout=subprocess.PIPE,
            text=True,
        ).stdout

    def _command(self, name: str, *arguments: str, ends: bool = False) -> list[str]:
        """Return the command that runs a program of PostgreSQL, never as root."""
        user = ("--reuid=postgres", "--regid=postgres", "--clear-groups")
        options_of_user = user if os.geteuid() == 0 else ()
        program = [str(self._binaries / name), *arguments]
        if ends:
            return tie_to_parent(program, *options_of_user, sign="INT")
        return ["setpriv", *options_of_user, *program] if options_of_user else program


def _binaries() -> Path:
    """Return the folder of PostgreSQL's programs, the newest if there are several."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"),
        key=lambda folder: int(folder.parent.name),
    )
    if found:
        return found[-1]
    return Path(shutil.which("initdb") or "/usr/bin/initdb").parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def main() -> int:
    """Run a command beside a private cluster."""
    if not sys.argv[1:]:
        sys.exit(__doc__)
    with PrivatePostgres() as postgres:
        environment = os.environ | {"DATABASE_URL": postgres.url()}
        return subprocess.run(sys.argv[1:], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
