"""The manual can be followed by a program: `make test-install` does."""

import json
import re
from pathlib import Path

import pytest

from accounts.models.protocols import PROTOCOLS, Protocol
from tests.install import installed, manual

ROOT = Path(__file__).resolve().parents[3]


def commands() -> str:
    """All commands of *Install*; what is filled in there has been found in it."""
    _, steps = installed.values_and_steps()
    return "".join(block for step in steps for block in step.blocks)


def test_what_the_operator_fills_in_stands_there() -> None:
    values, _ = installed.values_and_steps()

    assert f"DOMAIN={installed.DOMAIN}\n" in values


def test_nothing_starts_that_reads_a_certificate_before_there_is_one() -> None:
    made = commands().index("certbot certonly")

    assert made < commands().index("systemctl restart dovecot postfix")
    assert made < commands().index("systemctl restart nginx")


def test_nothing_asks_the_database_before_it_has_its_tables() -> None:
    """Dovecot 2.4 does as soon as it runs."""
    made = commands().index("deploy/manage prepare")

    assert made < commands().index("systemctl restart dovecot postfix")


def test_no_example_is_left_in_a_command() -> None:
    """Names come from the values at the top, so that none is forgotten."""
    assert "mail.example" not in commands().replace(r"s/mail\.example/$DOMAIN/g", "")


SRV = re.compile(r"^_([a-z0-9]+)\._tcp +SRV (\d+) (\d+) (\d+) +(\S+)$", re.MULTILINE)
# The names of RFC 6186 and RFC 8314, with TLS from the start and with STARTTLS.
SERVICES = {
    "imap": ("imaps", "imap"),
    "pop3": ("pop3s", "pop3"),
    "smtp": ("submissions", "submission"),
}


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda each: each.key)
def test_each_service_has_a_record_or_is_said_not_to_be_offered(
    protocol: Protocol,
) -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    records = {name: values for name, *values in SRV.findall(text)}
    (value,) = re.findall(
        "^MAIL_SITES='(.*)'$", (ROOT / ".env.example").read_text(), re.MULTILINE
    )
    server = json.loads(value)[0][protocol.key]
    with_tls, with_starttls = SERVICES[protocol.key]

    assert server["port"] == protocol.tls_port
    offered = ["0", "1", str(protocol.tls_port), f"{server['host']}."]
    assert records.pop(with_tls) == offered
    starttls = ["1", "1", str(protocol.starttls_port), f"{server['host']}."]
    is_offered = protocol.key == "smtp"  # as deploy/ renders Dovecot and Postfix
    other = records.pop(with_starttls)
    assert other == (starttls if is_offered else ["0", "0", "0", "."])
    off = f"`_{with_tls}._tcp SRV 0 0 0 .` and `_{with_starttls}._tcp SRV 0 0 0 .`"
    assert f"| {protocol.label} | {off} |" in text
    assert set(records) < {name for names in SERVICES.values() for name in names}


@pytest.mark.parametrize("page", ["README.md", "docs/operations.md"])
def test_the_manual_is_followed_on_each_release_that_a_page_names(page: str) -> None:
    named = set(re.findall(r"Debian (\d+)\b", (ROOT / page).read_text()))

    assert named == set(installed.RELEASES.values())


def test_what_the_upgrade_stops_it_starts_again() -> None:
    text = manual.section("From Debian 12 to 13")
    packages, *_, units = manual.blocks(text)
    (stopped,) = re.findall(r"^systemctl stop (.*)$", packages, re.MULTILINE)
    (started,) = re.findall(r"^systemctl restart (.*)$", units, re.MULTILINE)
    (restarted,) = re.findall(
        r"^systemctl restart (.*)$", installed.configuration(), re.MULTILINE
    )

    # With the portal its socket starts.
    lacking = set(stopped.split()) - {"mailportal.socket"}
    assert lacking <= {*started.split(), *restarted.split()}
    assert packages.index("systemctl mask --now dovecot") < packages.index("apt-get")
    assert text.index("systemctl unmask dovecot") < text.index(installed.CONFIGURE)
