"""Debian 13 in a folder, of which the tests take the mail servers: `make debian13`.

    python3 -m tools.debian13 FOLDER

makes it, as root, unless it is there. deploy/servers.py says how it is used. What the
packages put into its /etc/dovecot and /etc/postfix stays as it is.
"""

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import debian

SUITE = "trixie"
SETUP = Path(__file__).parents[1] / "deploy" / "setup.sh"
# For the relay, and the program behind "doveadm kick".
BESIDE_THE_SERVERS = ["python3"]
# What was installed, in a file of the folder.
MADE_OF = "made-of"
PLAIN = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
# Nothing starts in there, and apt does nothing that this machine has it do besides.
# If a power failure takes the folder, nobody minds.
APT_CONF = """
APT::Sandbox::User "root";
Acquire::Retries "3";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
#clear DPkg::Pre-Install-Pkgs;
#clear DPkg::Pre-Invoke;
"""
FILES = {
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/dpkg/dpkg.cfg.d/fast": "force-unsafe-io\n",
    "etc/apt/apt.conf.d/zz-folder": APT_CONF,
}
INSTALL = """
mount -t proc proc "$0/proc"
mount --bind /dev "$0/dev"
cd "$0"
exec chroot . sh -euc '
  echo "postfix postfix/main_mailer_type select No configuration" |
    debconf-set-selections
  apt-get -qq update || echo "apt-get update failed; trying without."
  apt-get -qq install --yes --no-install-recommends "$@"
  apt-get clean
' sh "$@"
"""


def make(folder: Path) -> None:
    """Make the folder, unless it is there with the packages that are wanted now.

    Raises:
        NotMade: debootstrap or apt failed.
    """
    packages = [*_servers(), *BESIDE_THE_SERVERS]
    with _alone(folder):
        if _made_of(folder) == packages:
            return
        print(f"Making a Debian 13 with its mail servers in {folder} …", flush=True)
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        debian.bootstrap(SUITE, unfinished, "--variant=minbase")
        _take_along(unfinished)
        _install(unfinished, packages)
        (unfinished / MADE_OF).write_text("\n".join(packages))
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time makes it; the others wait, and find it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _servers() -> list[str]:
    """Return the packages of the mail servers, as the tests need them."""
    command = [str(SETUP), "servers"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


def _made_of(folder: Path) -> list[str]:
    path = folder / MADE_OF
    return path.read_text().split() if path.exists() else []


def _take_along(folder: Path) -> None:
    """Give it this machine's users and groups, and its way to Debian's packages.

    The servers of the folder run among this machine's users: what is installed there
    has to belong to the same numbers.
    """
    for name in ("passwd", "group"):
        shutil.copy(Path("/etc") / name, folder / "etc")
    for name in ("shadow", "gshadow"):
        (folder / "etc" / name).unlink(missing_ok=True)
    shutil.copy("/etc/resolv.conf", folder / "etc")
    apt = folder / "etc" / "apt"
    for name in debian.APT_FILES:
        if (debian.APT / name).is_dir():
            shutil.copytree(debian.APT / name, apt / name, dirs_exist_ok=True)
    own = re.compile(r"/debian(-security)?/?\s")
    texts = debian.sources_for(SUITE).items()
    for name, text in [(name, text) for name, text in texts if own.search(text)]:
        (apt / "sources.list").unlink(missing_ok=True)
        (apt / name).write_text(text)
    for path, text in FILES.items():
        (folder / path).write_text(text)
    (folder / "usr" / "sbin" / "policy-rc.d").chmod(0o755)


def _install(folder: Path, packages: list[str]) -> None:
    command = ["unshare", "--mount", "sh", "-euc", INSTALL, str(folder), *packages]
    done = subprocess.run(
        command,
        env=PLAIN | dict(debian.download_environment()),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise debian.NotMade(f"apt-get: {done.stdout[-3000:]}{done.stderr[-3000:]}")


def main() -> None:
    """Make the folder that is named."""
    (folder,) = sys.argv[1:]
    try:
        make(Path(folder).resolve())
    except debian.NotMade as reason:
        sys.exit(f"No Debian 13 in {folder}: {reason}")


if __name__ == "__main__":
    main()
