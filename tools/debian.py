"""A small Debian in a folder, and how this machine gets its packages.

Nothing about registries and proxies is written down here: what this machine uses is
looked up and taken along.
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
# As root, whose the packages in there are as well.
PIP_FILES = (Path("/etc/pip.conf"), Path("~/.config/pip/pip.conf").expanduser())
DOWNLOADS = re.compile(r"PIP_.*|SSL_CERT_FILE|.*_proxy", re.IGNORECASE)
PATHS = re.compile(r"(?:file://)?(/[^\s,:]+)")
BESIDE_THE_BASE = "systemd-sysv,dbus,ca-certificates,iproute2"


class NotMade(Exception):
    """A Debian cannot be made; the text says why."""


def tree(suite: str, cache: Path) -> Path:
    """Return the folder of a fresh Debian of this suite, made if it is not there yet.

    It is never changed: containers write elsewhere.

    Raises:
        NotMade: debootstrap failed.
    """
    made = cache / suite
    if not made.exists():
        unfinished = cache / f"{suite}.unfinished"
        bootstrap(suite, unfinished, f"--include={BESIDE_THE_BASE}")
        unfinished.rename(made)
    return made


def bootstrap(suite: str, folder: Path, *options: str) -> None:
    """Make a folder with a Debian of this suite, instead of what is there.

    Raises:
        NotMade: debootstrap failed; the text has what it said.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # What it mounts goes with it, even if it is killed.
    made_by = ["unshare", "--mount", "debootstrap"]
    command = [*made_by, *options, suite, str(folder), *mirror()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotMade(f"debootstrap: {done.stdout[-3000:]}{done.stderr}")


def sources() -> dict[str, str]:
    """This machine's lists of Debian's packages, by their names below /etc/apt."""
    codename = _codename()
    names = ["sources.list", *(f"sources.list.d/{p.name}" for p in _lists())]
    texts = {name: (APT / name).read_text() for name in names if (APT / name).exists()}
    return {name: text for name, text in texts.items() if codename in text}


def _lists() -> Iterator[Path]:
    for kind in ("*.list", "*.sources"):
        yield from (APT / "sources.list.d").glob(kind)


def sources_for(suite: str) -> dict[str, str]:
    """Those lists, for another release of Debian.

    None where this machine is no Debian: what debootstrap wrote is left then.
    """
    word = re.compile(rf"\b{_codename()}\b")
    return {name: word.sub(suite, text) for name, text in sources().items()}


def _codename() -> str:
    """Return the name of this machine's release, or one of no release."""
    system = platform.freedesktop_os_release()
    is_debian = system.get("ID") == "debian"
    return system.get("VERSION_CODENAME", "") if is_debian else "none such"


def mirror() -> list[str]:
    """Return where this machine gets Debian itself from; if unknown, nothing."""
    found = re.search(r"\w+://\S+/debian/?(?=\s)", "\n".join(sources().values()))
    return [found[0]] if found else []


def download_environment() -> Mapping[str, str]:
    """Return the variables by which pip and apt find their way out of this machine."""
    return {name: os.environ[name] for name in os.environ if DOWNLOADS.fullmatch(name)}


def named_by_pip() -> Iterator[Path]:
    """Give what this machine's configuration of pip names: certificates, folders.

    Of an index in a folder, `simple`, the whole: its links lead to files beside it.
    """
    texts = [path.read_text() for path in PIP_FILES if path.exists()]
    texts += download_environment().values()
    paths = {Path(path) for text in texts for path in PATHS.findall(text)}
    for path in sorted(
        path.parent if path.name == "simple" else path for path in paths
    ):
        if path.exists():
            yield path
