"""Create a Debian 13 in a folder, for its mail servers: `make debian13`.

    python3 -m tools.debian13 FOLDER

creates it as root, unless it exists. deploy/servers.py says how tests use it. The files
of its packages in /etc/dovecot and /etc/postfix stay unchanged.
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
# For the relay, and for the program behind "doveadm kick".
BESIDE_THE_SERVERS = ["python3"]
# A file of the folder that lists what was installed.
MADE_OF = "made-of"
PLAIN = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LANG": "C.UTF-8",
}
# No service starts in there, and apt ignores this machine's hooks. The folder may be
# lost in a power failure.
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
    """Create the folder, unless it exists with the packages that are wanted now.

    Raises:
        DebianError: debootstrap or apt failed.
    """
    packages = [*_servers(), *BESIDE_THE_SERVERS]
    with _lock(folder):
        if _read_marker(folder) == packages:
            return
        print(f"Making a Debian 13 with its mail servers in {folder} …", flush=True)
        unfinished = folder.with_name(f"{folder.name}.unfinished")
        debian.bootstrap(SUITE, unfinished, "--variant=minbase")
        _copy_users_and_lists(unfinished)
        _install(unfinished, packages)
        (unfinished / MADE_OF).write_text("\n".join(packages))
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Let one process at a time create the folder; the others wait, and find it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _servers() -> list[str]:
    """Return the packages of the mail servers, as the tests need them."""
    command = [str(SETUP), "servers"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.split()


def _read_marker(folder: Path) -> list[str]:
    path = folder / MADE_OF
    return path.read_text().split() if path.exists() else []


def _copy_users_and_lists(folder: Path) -> None:
    """Copy this machine's users, groups and package lists into the folder.

    The servers of the folder run as this machine's users, so the installed files must
    belong to the same numbers.
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
    texts = debian.adapt_package_lists(SUITE).items()
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
        raise debian.DebianError(f"apt-get: {done.stdout[-3000:]}{done.stderr[-3000:]}")


def main() -> None:
    """Create the folder of the first argument."""
    (folder,) = sys.argv[1:]
    try:
        make(Path(folder).resolve())
    except debian.DebianError as reason:
        sys.exit(f"No Debian 13 in {folder}: {reason}")


if __name__ == "__main__":
    main()
