"""Create a small Debian in a folder, with this machine's way to its packages.

This module names no registry and no proxy: it copies the settings of this machine.
"""

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

APT = Path("/etc/apt")
APT_FILES = ("apt.conf.d", "auth.conf.d", "keyrings", "trusted.gpg", "trusted.gpg.d")
# As root, who owns the packages in there as well.
PIP_FILES = (Path("/etc/pip.conf"), Path("~/.config/pip/pip.conf").expanduser())
DOWNLOADS = re.compile(r"PIP_.*|SSL_CERT_FILE|.*_proxy", re.IGNORECASE)
PATHS = re.compile(r"(?:file://)?(/[^\s,:]+)")
BESIDE_THE_BASE = "systemd-sysv,dbus,ca-certificates,iproute2"


class DebianError(Exception):
    """A Debian could not be created; the text says why."""


def provide_debian(suite: str, cache: Path) -> Path:
    """Return the folder of a new Debian of this suite; create it if it is missing.

    Nobody changes it: containers write elsewhere.

    Raises:
        DebianError: debootstrap failed.
    """
    made = cache / suite
    if not made.exists():
        unfinished = cache / f"{suite}.unfinished"
        bootstrap(suite, unfinished, f"--include={BESIDE_THE_BASE}")
        unfinished.rename(made)
    return made


def bootstrap(suite: str, folder: Path, *options: str) -> None:
    """Create a folder with a Debian of this suite, replacing what is there.

    Raises:
        DebianError: debootstrap failed; the text has what it said.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Its mounts end with it, even if it is killed.
    made_by = ["unshare", "--mount", "debootstrap"]
    command = [*made_by, *options, suite, str(folder), *find_mirror()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DebianError(f"debootstrap: {done.stdout[-3000:]}{done.stderr}")


def read_package_lists() -> dict[str, str]:
    """Return this machine's lists of package sources, by name below /etc/apt."""
    codename = _codename()
    names = ["sources.list", *(f"sources.list.d/{p.name}" for p in _lists())]
    texts = {name: (APT / name).read_text() for name in names if (APT / name).exists()}
    return {name: text for name, text in texts.items() if codename in text}


def _lists() -> Iterator[Path]:
    for kind in ("*.list", "*.sources"):
        yield from (APT / "sources.list.d").glob(kind)


def adapt_package_lists(suite: str) -> dict[str, str]:
    """Return those lists for another release of Debian.

    The result is empty if this machine is not a Debian; then debootstrap's list stays.
    """
    word = re.compile(rf"\b{_codename()}\b")
    return {name: word.sub(suite, text) for name, text in read_package_lists().items()}


def _codename() -> str:
    """Return the codename of this machine's release, or a name of no release."""
    system = platform.freedesktop_os_release()
    is_debian = system.get("ID") == "debian"
    return system.get("VERSION_CODENAME", "") if is_debian else "none such"


def find_mirror() -> list[str]:
    """Return the mirror of this machine as one argument; none if it is unknown."""
    found = re.search(
        r"\w+://\S+/debian/?(?=\s)", "\n".join(read_package_lists().values())
    )
    return [found[0]] if found else []


def download_environment() -> Mapping[str, str]:
    """Return the variables that pip and apt need to download."""
    return {name: os.environ[name] for name in os.environ if DOWNLOADS.fullmatch(name)}


def find_paths_of_pip() -> Iterator[Path]:
    """Yield the paths in this machine's configuration of pip: certificates, folders.

    For an index in a folder `simple` it yields the parent: its links lead there.
    """
    texts = [path.read_text() for path in PIP_FILES if path.exists()]
    texts += download_environment().values()
    paths = {Path(path) for text in texts for path in PATHS.findall(text)}
    for path in sorted(
        path.parent if path.name == "simple" else path for path in paths
    ):
        if path.exists():
            yield path
