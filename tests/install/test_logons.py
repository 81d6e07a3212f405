"""Mail programs log on, by the manual's last step and with what it has installed."""

import imaplib
import smtplib
import time

import pytest

from tests.install import manual
from tests.install.clients import Caller, message, wait_for
from tests.install.installed import Host
from tests.install.owners import (
    ALICE,
    BOB,
    ISSUE,
    OWNER,
    SWITCH_ON,
    WEB_PASSWORD,
    Owners,
    assert_deleting_ends,
)
from tests.patience import PATIENCE

pytestmark = [pytest.mark.install, pytest.mark.timeout(3600)]


@pytest.mark.usefixtures("owners")
def test_check_logon_says_who_is_let_in(host: Host) -> None:
    _, steps = manual.values_and_steps()
    _, check = steps[-1].blocks
    script = f"cd /opt/mailportal\n{host.values}\n{check}"

    said = host.container.converse(script, [("Password: ", WEB_PASSWORD)])

    assert f"let in as {ALICE} by " in said


@pytest.mark.usefixtures("owners")
def test_the_web_password_opens_mail_before_the_switch(program: Caller) -> None:
    with program.submissions(ALICE, WEB_PASSWORD) as client:
        assert client.send_message(message(ALICE, BOB, "before the switch")) == {}

    with program.imaps(BOB, WEB_PASSWORD) as mailbox:
        wait_for("before the switch", mailbox)


def test_the_web_password_opens_no_program_after_it(
    owners: Owners, host: Host, program: Caller
) -> None:
    host.python(SWITCH_ON)
    owners.secret = host.python(ISSUE)

    with pytest.raises(imaplib.IMAP4.error):
        program.imaps(ALICE, WEB_PASSWORD)
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        program.submissions(ALICE, WEB_PASSWORD)

    assert refused.value.smtp_code == 535


def test_the_web_password_opens_webmail_after_it(
    owners: Owners, webmail: Caller
) -> None:
    assert owners.secret

    with webmail.imaps(ALICE, WEB_PASSWORD):
        pass


def test_a_security_password_sends_and_reads(owners: Owners, stranger: Caller) -> None:
    with stranger.submissions(ALICE, owners.secret) as client:
        assert client.send_message(message(ALICE, ALICE, "by the telephone")) == {}

    with stranger.imaps(ALICE, owners.secret) as mailbox:
        wait_for("by the telephone", mailbox)


def test_a_wrong_password_is_refused(owners: Owners, program: Caller) -> None:
    for wrong in ("wrong", owners.secret[:-1]):
        with pytest.raises(imaplib.IMAP4.error):
            program.imaps(ALICE, wrong)
        with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
            program.submissions(ALICE, wrong)
        assert refused.value.smtp_code == 535


def test_deleting_ends_the_session_and_the_node_confirms_it(
    owners: Owners, host: Host, stranger: Caller
) -> None:
    assert_deleting_ends(stranger.imaps(ALICE, owners.secret), host)


def test_a_deleted_password_opens_nothing(owners: Owners, stranger: Caller) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        stranger.imaps(ALICE, owners.secret)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        stranger.submissions(ALICE, owners.secret)


def test_the_portal_learns_of_logons_from_the_log(owners: Owners, host: Host) -> None:
    used = f"{OWNER}print(alice.client_passwords.get().used is not None)"
    deadline = time.monotonic() + PATIENCE
    while host.python(used) != "True":
        assert time.monotonic() < deadline, "mailportal-logons has read nothing"
