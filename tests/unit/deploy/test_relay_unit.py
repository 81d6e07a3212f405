"""The relay's units, and the files that they have to agree with."""

from pathlib import Path

import pytest

from deploy import authlines, authrelay, relay
from deploy.render import TEMPLATES, relay_program, render
from deploy.template_values import RELAY
from deploy.values import Certificate, MailHostValues

QUEUE = "/var/spool/postfix"
FOLDER = Path("/etc/mailportal/mail")  # docs/operations.md


def unit(name: str) -> dict[str, str]:
    text = (TEMPLATES / "systemd" / f"mailportal-relay.{name}").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@pytest.fixture
def rendered(tmp_path: Path) -> Path:
    render(
        MailHostValues(
            folder=tmp_path,
            database_url="sqlite:////srv/db/portal.sqlite3",
            doveadm_api_key="key",
            host_name="mail.example.com",
            certificate=Certificate(Path("/srv/chain.pem"), Path("/srv/key.pem")),
        )
    )
    return tmp_path


def test_postfix_asks_where_systemd_listens(rendered: Path) -> None:
    main = (rendered / "postfix" / "main.cf").read_text()

    assert f"\nsmtpd_sasl_path = {RELAY}\n" in main
    assert unit("socket")["ListenStream"] == f"{QUEUE}/{RELAY}"
    assert unit("socket")["SocketUser"] == relay.CLIENT
    assert "spawn" not in (rendered / "postfix" / "master.cf").read_text()


def test_the_program_is_the_one_that_was_rendered(rendered: Path) -> None:
    *_, program, dovecot = unit("service")["ExecStart"].split()

    written = rendered / Path(program).relative_to(FOLDER)
    assert written.read_text() == relay_program()
    assert dovecot == "/run/dovecot/auth-postfix"
    assert unit("service")["User"] == relay.USER
    assert (
        "unix_listener auth-postfix"
        in (rendered / "dovecot" / "postfix.conf").read_text()
    )


def test_it_ends_before_systemd_kills_it() -> None:
    assert float(unit("service")["TimeoutStopSec"]) > authrelay.PATIENCE


def test_the_script_gives_up_before_the_relay_and_the_relay_before_postfix() -> None:
    script = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    too_late = float(script.partition("local TOO_LATE = ")[2].split()[0])
    name = (authlines.RELAY % 1).decode().removeprefix("local_name=")

    # Seconds are whole in the script: let in is what took less than one more.
    assert too_late + 1 < authrelay.PATIENCE < 10 - 1
    assert name == "portal-relay:1"
    assert 'RELAY = "^portal%-relay:(%d+)$"' in script
