"""Mail programs log on, by the manual's last step and with what it has installed."""

import contextlib
import imaplib
import smtplib
import time
from dataclasses import dataclass

import pytest

from tests.install import manual
from tests.install.clients import Caller, message, wait_for
from tests.install.installed import DOMAIN, Host

pytestmark = [pytest.mark.install, pytest.mark.timeout(3600)]

ADMINISTRATOR, ALICE, BOB = f"postmaster@{DOMAIN}", f"alice@{DOMAIN}", "bob@other.test"
WEB_PASSWORD = "a web password of Alice and of Bob"
POLICY = """
from accounts.models import Policy
Policy.objects.create(name="Staff")
"""
# What an owner does on the pages, with a code in between.
OWNER = f"""
import uuid
from django.db import transaction
from accounts.events import Actor
from accounts.models import Account, Cutoff
from clientpasswords import lifecycle
by = Actor("{ALICE}", "198.51.100.7")
alice = Account.objects.get(address="{ALICE}")
"""
SWITCH_ON = f"{OWNER}lifecycle.switch_on(alice, by=by)\n"
ISSUE = f"""{OWNER}
with transaction.atomic():
    owner = lifecycle.lock(alice)
    print(lifecycle.add(owner, attempt=uuid.uuid4(), label="Phone", by=by).secret)
"""
DELETE = f"{OWNER}print(lifecycle.revoke(alice.client_passwords.all(), by=by))\n"
CONFIRMED = f"""{OWNER}
orders = Cutoff.objects.filter(account=alice, node="http://127.0.0.1:8080/doveadm/v1")
print(orders.filter(kicks__gte=1).exists(), Cutoff.objects.open().count())
"""


@dataclass
class Owners:
    """Alice's security password, once she has one."""

    secret: str = ""


@pytest.fixture(scope="module")
def owners(host: Host) -> Owners:
    """The first administrator, then a policy and two mailboxes, all by the manual."""
    _, steps = manual.values_and_steps()
    create, _ = steps[-1].blocks
    questions = "Address: ", "Password: ", "Password (again): "
    answers = ADMINISTRATOR, WEB_PASSWORD, WEB_PASSWORD
    script = f"cd /opt/mailportal\n{create}"
    host.container.converse(script, list(zip(questions, answers, strict=True)))
    host.python(POLICY)
    hashed = host.container.run(f"doveadm pw -s ARGON2ID -p '{WEB_PASSWORD}'").strip()
    rows = "".join(f'{each},+12025550123,"{hashed}"\n' for each in (ALICE, BOB))
    host.container.write("/srv/mailboxes.csv", f"address,phone,password\n{rows}")
    host.manage("import_accounts /srv/mailboxes.csv --create-domains Staff")
    return Owners()


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
    mailbox = stranger.imaps(ALICE, owners.secret)
    mailbox.noop()

    assert host.python(DELETE) == "1"

    with contextlib.closing(mailbox.socket()) as line:
        line.settimeout(30)
        with contextlib.suppress(ConnectionError):
            while line.recv(4096):
                pass
    deadline = time.monotonic() + 30
    while host.python(CONFIRMED) != "True 0":
        assert time.monotonic() < deadline, "the cut-off is not confirmed"


def test_a_deleted_password_opens_nothing(owners: Owners, stranger: Caller) -> None:
    with pytest.raises(imaplib.IMAP4.error):
        stranger.imaps(ALICE, owners.secret)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        stranger.submissions(ALICE, owners.secret)


def test_the_portal_learns_of_logons_from_the_log(owners: Owners, host: Host) -> None:
    used = f"{OWNER}print(alice.client_passwords.get().used is not None)"
    deadline = time.monotonic() + 60
    while host.python(used) != "True":
        assert time.monotonic() < deadline, "mailportal-logons has read nothing"
