"""The version of Dovecot is the installed one's, or one that has no configuration."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import servers
from deploy.mailhost import MailHost, MailHostError
from deploy.values import VERSIONS, UnsupportedDovecotError, installed_dovecot

OTHERS = ["2.2.36 (1f10bfa63)", "2.5.0 (x)", "2.30.1 (x)", "3.0.0", "24.1", "what?", ""]


def program(folder: Path, told: str) -> str:
    """Make one that says it is this version."""
    file = folder / "dovecot"
    file.write_text(f"#!/bin/sh\necho '{told}'\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ("2.3.19.1 (9b53102964)", "2.3"),
        ("2.3.21 (47349e2482)", "2.3"),
        ("2.4.1-4 (7d8c0e5759)", "2.4"),
        ("2.4.2 (0962ed2104)", "2.4"),
    ],
)
def test_there_is_a_configuration_for_what_debian_has(
    tmp_path: Path, told: str, version: str
) -> None:
    assert installed_dovecot(program(tmp_path, told)) == version


def test_where_there_is_none_there_is_no_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Who names a folder without mail servers is told so instead.
    monkeypatch.delenv(servers.VARIABLE, raising=False)

    assert installed_dovecot(str(tmp_path / "dovecot")) is None


@pytest.mark.parametrize("told", OTHERS)
def test_of_another_version_it_is_said_what_is_supported(
    tmp_path: Path, told: str
) -> None:
    with pytest.raises(UnsupportedDovecotError) as raised:
        installed_dovecot(program(tmp_path, told))

    said = told or "of no known version"
    assert (
        str(raised.value) == f"Dovecot {said} is installed; supported are 2.3 and 2.4"
    )


@pytest.mark.parametrize("told", OTHERS)
def test_no_mail_host_starts_with_another_version(tmp_path: Path, told: str) -> None:
    class OtherHost(MailHost):
        dovecot_program = program(tmp_path, told)

    host = OtherHost(tmp_path / "host", database_url="sqlite:////srv/db/portal.sqlite3")

    with pytest.raises(MailHostError, match=r"supported are 2\.3 and 2\.4"):
        host.start()
    assert not host.folder.exists()


def render(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run deploy.render as an operator does, on this machine."""
    key = folder / "key"
    key.write_text("k" * 32)
    given = ["--host-name", "mx.example", "--database-url", "postgresql://db/portal"]
    given += ["--certificate", "/c.pem", "--certificate-key", "/k.pem"]
    given += ["--doveadm-api-key-file", str(key), *options]
    command = [sys.executable, "-m", "deploy.render", str(folder / "made"), *given]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_rendered_is_for_the_installed_version(tmp_path: Path) -> None:
    installed = installed_dovecot()

    done = render(tmp_path)

    assert (done.returncode == 0) == bool(installed)
    if installed:
        text = (tmp_path / "made" / "dovecot" / "dovecot.conf").read_text()
        assert text.startswith(f"# Dovecot {installed} behind the portal.")
    else:
        assert "no Dovecot is installed here" in done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_the_operator_is_told_of_what_does_not_fit(
    tmp_path: Path, version: str
) -> None:
    (other,) = {*VERSIONS} - {version}
    assert render(tmp_path, "--dovecot", other).returncode == 0

    done = render(tmp_path, "--dovecot", version)

    assert done.returncode == 0
    held = f"made held the configuration for Dovecot {other}, which is replaced"
    assert held in done.stderr
    is_strange = installed_dovecot() == other
    assert (f"Dovecot {other} is installed here" in done.stderr) == is_strange
    # Once it is replaced there is no more to say of it.
    assert held not in render(tmp_path, "--dovecot", version).stderr
