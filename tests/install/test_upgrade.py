"""A host on Debian 12 goes on as one on Debian 13, by the manual and with apt."""

import imaplib

import pytest

from tests.install import manual
from tests.install.clients import Caller, message, wait_for
from tests.install.installed import CONFIGURE, Host, configuration
from tests.install.owners import (
    ALICE,
    ISSUE,
    SWITCH_ON,
    WEB_PASSWORD,
    Owners,
    assert_deleting_ends,
)
from tests.install.units import (
    UNITS,
    assert_dovecot_has_no_complaint,
    assert_nothing_was_denied,
    assert_runs,
)

pytestmark = [
    pytest.mark.install,
    pytest.mark.timeout(3600),
    pytest.mark.parametrize("host", ["bookworm"], indirect=True),
]

BEFORE, AFTER = "written on Debian 12", "written on Debian 13"
VERSIONS = """
import sys
from django.db import connection
connection.ensure_connection()
print(sys.version_info[:2], connection.pg_version // 10000)
"""


@pytest.fixture(scope="module")
def upgraded(host: Host, owners: Owners, stranger: Caller) -> Owners:
    """Alice, who has a security password and mail from before the upgrade."""
    host.python(SWITCH_ON)
    owners.secret = host.python(ISSUE)
    with stranger.submissions(ALICE, owners.secret) as client:
        client.send_message(message(ALICE, ALICE, BEFORE))
    with stranger.imaps(ALICE, owners.secret) as mailbox:
        wait_for(BEFORE, mailbox)
    text = manual.section("From Debian 12 to 13")
    packages, leftovers, units = manual.blocks(text)
    words = " ".join(text.split())
    assert f"the block of step 5 that begins with `{CONFIGURE}`" in words
    host.container.take_packages_of("trixie")
    host.follow(packages)
    # A container has no kernel to reboot for. Its list of authorities is Debian's now.
    host.container.take_packages_of("trixie")
    for block in (leftovers, configuration(), units):
        host.follow(block)
    return owners


@pytest.mark.usefixtures("upgraded")
def test_it_runs_what_debian_13_has(host: Host) -> None:
    assert host.container.run("dovecot --version").startswith("2.4.")
    assert host.container.run("postconf -h mail_version").startswith("3.10.")
    assert host.python(VERSIONS) == "(3, 13) 17"


@pytest.mark.usefixtures("upgraded")
def test_the_settings_are_still_fit_for_production(host: Host) -> None:
    assert "identified no issues" in host.manage("check --deploy")


@pytest.mark.usefixtures("upgraded")
def test_the_portal_answers_after_it(host: Host, stranger: Caller) -> None:
    assert stranger.get("/healthz") == (200, "ok\n")
    assert stranger.get("/login/")[0] == 200


def test_the_password_and_the_mail_of_before_are_still_there(
    upgraded: Owners, stranger: Caller
) -> None:
    with stranger.submissions(ALICE, upgraded.secret) as client:
        assert client.send_message(message(ALICE, ALICE, AFTER)) == {}

    with stranger.imaps(ALICE, upgraded.secret) as mailbox:
        wait_for(BEFORE, mailbox)
        wait_for(AFTER, mailbox)


@pytest.mark.usefixtures("upgraded")
def test_the_web_password_is_still_for_webmail_alone(
    program: Caller, webmail: Caller
) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        program.imaps(ALICE, WEB_PASSWORD)
    with webmail.imaps(ALICE, WEB_PASSWORD):
        pass


def test_deleting_still_ends_the_session(
    upgraded: Owners, host: Host, stranger: Caller
) -> None:
    assert_deleting_ends(stranger.imaps(ALICE, upgraded.secret), host)


@pytest.mark.usefixtures("upgraded")
@pytest.mark.parametrize("unit", UNITS)
def test_each_unit_runs_after_it(unit: str, host: Host) -> None:
    assert_runs(host, unit)


@pytest.mark.usefixtures("upgraded")
def test_nothing_was_denied_after_it(host: Host) -> None:
    assert_nothing_was_denied(host)
    assert_dovecot_has_no_complaint(host)
