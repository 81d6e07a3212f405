"""A machine beside this one: Debian with a systemd of its own.

It has its own processes, mounts, network, names and control groups. All of it ends with
the process that made it, however that ends: see keep.sh.
"""

import ctypes
import fcntl
import os
import pty
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from deploy.lifetime import tie_to_parent
from tools import debian

KEEP = Path(__file__).with_name("keep.sh")
PLAIN = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
APT_CONF = """
Dir::Cache::Archives "/mnt/cache/archives";
Binary::apt-get::APT::Keep-Downloaded-Packages "true";
APT::Get::Assume-Yes "true";
APT::Sandbox::User "root";
DPkg::Options { "--force-confold"; };
"""
BOOTED = 60.0  # seconds at most
PATIENCE = ["timeout", "--foreground", "300"]
# Where it is reached; boot.sh gives it these addresses.
ADDRESS = "203.0.113.5"
NEW_NETWORK = 0x40000000  # CLONE_NEWNET of setns(2)


class Failed(AssertionError):
    """A command in the container failed; the text has what it said."""


class Container:
    """Boots on entering, and is gone after leaving."""

    def __init__(self, suite: str, cache: Path, name: str) -> None:
        self.suite = suite
        self.cache = cache
        self.name = name
        self._console = tempfile.TemporaryFile()  # noqa: SIM115 - __exit__ closes it
        self._keeper: subprocess.Popen[str] | None = None
        self._pid = 0

    def __enter__(self) -> Self:
        assert os.geteuid() == 0, "only root can make a container"
        self.cache.mkdir(parents=True, exist_ok=True)
        self._lock = (self.cache / "lock").open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)  # one at a time writes there
        system = debian.provide_debian(self.suite, self.cache)
        downloads = self.cache / "downloads"
        (downloads / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        empty = self.cache / "empty"
        empty.mkdir(exist_ok=True)
        seen = [path for path in debian.find_paths_of_pip() if path.is_dir()]
        words = [
            str(each) for each in (KEEP, self.name, system, empty, downloads, *seen)
        ]
        self._keeper = subprocess.Popen(
            tie_to_parent(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._console,
            text=True,
            start_new_session=True,
        )
        try:
            self._wait_until_booted()
            self.take_packages_of(self.suite)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        assert self._keeper is not None
        self._keeper.terminate()
        self._keeper.wait(30)
        assert self._keeper.stdout is not None
        self._keeper.stdout.close()
        self._console.close()
        self._lock.close()

    def console(self) -> str:
        """Return what systemd said while it started."""
        self._console.seek(0)
        return self._console.read().decode(errors="replace")

    def run(
        self,
        script: str,
        *,
        typed: str | bytes = b"",
        online: bool = False,
        checked: bool = True,
    ) -> str:
        """Run it by bash as root, until the first command fails; return what it said.

        Args:
            script: the commands.
            typed: what they read.
            online: with this machine's network, to download from the world.
            checked: whether a failure is raised as Failed.
        """
        done = subprocess.run(
            self.command(script, online=online),
            input=typed.encode() if isinstance(typed, str) else typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        said = done.stdout.decode(errors="replace")
        if checked and done.returncode:
            raise Failed(f"{script}\n--> {done.returncode}\n{said[-8000:]}")
        return said

    def command(self, script: str, *, online: bool = False) -> list[str]:
        """Return the command for this machine that runs the script in the container."""
        environment = dict(PLAIN)
        entered = ["--mount", "--uts", "--ipc", "--pid"]
        if online:
            environment |= debian.download_environment()
            environment["PIP_CACHE_DIR"] = "/mnt/cache/pip"
        else:
            entered.append("--net")
        variables = [f"{name}={value}" for name, value in environment.items()]
        return [
            "nsenter",
            "--target",
            str(self._pid),
            *entered,
            "env",
            "-i",
            *variables,
            "bash",
            "-euo",
            "pipefail",
            "-c",
            script,
        ]

    def converse(self, script: str, answers: Sequence[tuple[str, str]]) -> str:
        """Run it at a terminal, and answer each question when it is asked.

        Raises Failed if it fails, or goes on without one of the questions.
        """
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            ["setsid", "--ctty", *PATIENCE, *self.command(script)],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
        )
        os.close(theirs)
        said, start = "", 0
        waiting = list(answers)
        while part := _read(ours):
            said += part
            if waiting and (at := said.find(waiting[0][0], start)) >= 0:
                start = at + len(waiting[0][0])
                os.write(ours, waiting.pop(0)[1].encode() + b"\n")
        os.close(ours)
        if process.wait() or waiting:
            raise Failed(f"{script}\n--> {process.returncode}, {waiting}\n{said}")
        return said

    def connect(
        self, port: int, source: str | None = None, timeout: float = 40.0
    ) -> socket.socket:
        """Return a connection within the container's network, as from that address."""
        made: list[socket.socket] = []
        errors: list[Exception] = []

        def enter() -> None:
            # Namespaces belong to threads: this one goes in and does not come back.
            try:
                with Path(f"/proc/{self._pid}/ns/net").open() as network:
                    libc = ctypes.CDLL(None, use_errno=True)
                    assert libc.setns(network.fileno(), NEW_NETWORK) == 0
                here = (source or ADDRESS, 0)
                made.append(socket.create_connection((ADDRESS, port), timeout, here))
            except Exception as error:  # noqa: BLE001 - raised below, where it is asked for
                errors.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        for error in errors:
            raise error
        return made[0]

    def write(self, path: str, text: str) -> None:
        self.run(f'mkdir -p "$(dirname {path})"; cat > {path}', typed=text)

    def copy(self, folder: Path, names: Sequence[str], there: str) -> None:
        """Copy files below a folder of this machine into one of the container."""
        command = ["tar", "--create", "--directory", str(folder), "--null"]
        listed = "\0".join(names).encode()
        packed = subprocess.run(
            [*command, "--files-from=-"],
            input=listed,
            stdout=subprocess.PIPE,
            check=True,
        )
        self.run(f"mkdir -p {there}; tar -x -C {there}", typed=packed.stdout)

    def take_packages_of(self, suite: str) -> None:
        """Let it find the packages of that release as this machine finds its own."""
        names = [name for name in debian.APT_FILES if (debian.APT / name).exists()]
        self.copy(debian.APT, names, "/etc/apt")
        texts: Mapping[str, str] = debian.adapt_package_lists(suite)
        if texts:
            self.run("rm -rf /etc/apt/sources.list*")
        else:
            self.run(f"sed -i s/{self.suite}/{suite}/ /etc/apt/sources.list")
        for name, text in texts.items():
            self.write(f"/etc/apt/{name}", text)
        self.write("/etc/apt/apt.conf.d/zz-kept", APT_CONF)
        pip = [path for path in debian.PIP_FILES if path.exists()]
        pip += [path for path in debian.find_paths_of_pip() if path.is_file()]
        for path in (*pip, Path("/etc/resolv.conf")):
            self.write(str(path), path.read_text())

    def _wait_until_booted(self) -> None:
        assert self._keeper is not None
        assert self._keeper.stdout is not None
        pid = self._keeper.stdout.readline()
        assert pid, self.console()
        self._pid = int(pid)
        deadline = time.monotonic() + BOOTED
        command = "systemctl is-system-running --wait"
        while (state := self.run(command, checked=False).strip()) != "running":
            if time.monotonic() > deadline:
                failed = self.run("systemctl --failed", checked=False)
                raise Failed(f"{state}\n{failed}\n{self.console()}")
            time.sleep(0.2)
        # From here on it tells its journal, and no more its console, how units end.
        self.run("systemctl log-target journal")


def _read(terminal: int) -> str:
    """Return the next words of a terminal, none after the program has ended."""
    try:
        return os.read(terminal, 4096).decode(errors="replace")
    except OSError:
        return ""
