"""The configuration as an operator gets it."""

import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import servers
from deploy.render import render
from deploy.values import Certificate, MailHostValues, PrivateInstance
from tests.environment import FOLDER

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ROOT = Path(__file__).resolve().parents[2]
SECRET = "the-key-of-doveadm"


@pytest.fixture
def values(database_url: str, certificate: Certificate) -> MailHostValues:
    return MailHostValues(
        folder=FOLDER / "etc",
        database_url=database_url,
        doveadm_api_key=SECRET,
        host_name="mail.example.com",
        certificate=certificate,
        webmail_networks=["192.0.2.0/24", "2001:db8::/32"],
    )


@pytest.fixture
def rendered(values: MailHostValues) -> Path:
    render(values)
    return values.folder


@pytest.mark.parametrize("is_private", [False, True])
def test_both_servers_accept_what_is_rendered(
    values: MailHostValues, *, is_private: bool
) -> None:
    """Without a word, so also without a setting that is going to be removed."""
    rendered = values.folder
    if is_private:
        base = PrivateInstance("private", rendered / "base", privileged=True)
        values = replace(values, certificate=None, private=base)
    render(values)
    dovecot, postfix = rendered / "dovecot" / "dovecot.conf", rendered / "postfix"

    for command in (
        servers.command("doveconf", "-n", "-c", str(dovecot)),
        servers.command("postconf", "-c", str(postfix), "-n"),
        servers.command("postconf", "-c", str(postfix), "-M"),
    ):
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        assert told.stderr == ""
        assert "@" not in told.stdout.replace("@~", "").replace("mailportal_mail@", "")


def test_secrets_are_readable_by_those_who_need_them_and_nobody_else(
    rendered: Path,
) -> None:
    modes = {
        str(path.relative_to(rendered)): (
            stat.S_IMODE(path.stat().st_mode),
            path.group(),
        )
        for path in rendered.rglob("*")
        if path.is_file()
    }

    assert modes["dovecot/secrets.conf"] == (0o600, "root")
    assert modes["dovecot/portal.lua"] == (0o640, "dovecot")
    assert modes["postfix/logon-live.cf"] == (0o640, "postfix")
    assert modes["postfix/main.cf"] == (0o644, "root")
    holding = [path for path in rendered.rglob("*.*") if SECRET in path.read_text()]
    assert holding == [rendered / "dovecot" / "secrets.conf"]


@pytest.mark.parametrize(
    "value", ['a"b', "a\nb", "a#b", "${x}", "a b", "a\\b", "a\x00b"]
)
def test_no_value_can_become_more_than_a_value(value: str, tmp_path: Path) -> None:
    values = MailHostValues(
        folder=tmp_path,
        database_url="sqlite:////srv/db/portal.sqlite3",
        doveadm_api_key=value,
        host_name="mail.example.com",
    )

    with pytest.raises(ValueError, match="doveadm_api_key"):
        render(values)

    assert list(tmp_path.iterdir()) == []


def test_an_operator_renders_from_the_command_line(
    database_url: str, certificate: Certificate, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text("doveadm-key\n")
    command = [
        sys.executable,
        "-m",
        "deploy.render",
        str(tmp_path / "etc"),
        "--host-name",
        "mail.example.com",
        "--database-url",
        database_url,
        "--certificate",
        str(certificate.chain),
        "--certificate-key",
        str(certificate.key),
        "--doveadm-api-key-file",
        str(key),
        "--webmail-network",
        "192.0.2.7",
    ]

    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    written = (tmp_path / "etc" / "dovecot" / "secrets.conf").read_text()
    assert written == "doveadm_api_key = doveadm-key\n"
