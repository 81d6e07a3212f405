"""Shared mailboxes and master users, as docs/mailbox-features.md sets them up."""

import imaplib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from accounts.models import Account, FormerAddress
from bench.authsocket import Verdict
from deploy import servers
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import (
    WEBMAIL,
    Imap,
    imap_session,
    log_on,
    smtp_session,
    webmail_address,
)
from tests.mailserver.documented import blocks, replace_names
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import doveadm

pytestmark = pytest.mark.mailserver

ALICE, BOB = "alice@example.com", "bob@example.com"
MASTER = "password of the support"
SHARED = FOLDER / "shared-mailboxes"
MASTERS = FOLDER / "master-users"
SECTION = "Shared mailboxes"


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    """A host with all that; the fixture `host` is this one here."""
    SHARED.mkdir()
    shutil.chown(SHARED, "mail", "mail")
    users = f"support:{{PLAIN}}{MASTER}\nfar:{{PLAIN}}{MASTER}::::::allow_real_nets="
    MASTERS.write_text(f"{users}192.0.2.10/32\n")
    MASTERS.chmod(0o640)
    shutil.chown(MASTERS, "root", "dovecot")
    text = blocks(SECTION, "conf") + blocks("Master users", "conf")
    here = {
        "/var/lib/dovecot-shared": SHARED,
        "user = vmail": "user = mail",
        "/etc/dovecot/master-users": MASTERS,
    }
    with SiteHost(
        FOLDER / "sharing",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=replace_names(text, here),
    ) as host:
        yield host


@pytest.fixture(autouse=True)
def no_mail_yet(host: MailHost) -> None:
    for path in (host.folder / "mail", SHARED):
        for each in path.iterdir():
            shutil.rmtree(each) if each.is_dir() else each.unlink()


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ALICE, client_passwords_on=True)


@pytest.fixture
def phone(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


@pytest.fixture
def bob(host: MailHost) -> Iterator[Imap]:
    """Bob's session on a device of his, with a mailbox that he may share."""
    account = factories.make_account(BOB, client_passwords_on=True)
    with imap_session(host, BOB, factories.make_client_password(account)[1]) as session:
        session.create("Team")
        session.append("Team", "", "", b"Subject: For the team\r\n\r\n.\r\n")
        yield session


def webmail(host: MailHost, name: str) -> AbstractContextManager[Imap]:
    return imap_session(host, name, factories.PASSWORD, webmail_address())


def reads(session: imaplib.IMAP4, mailbox: str) -> bool:
    return session.select(mailbox, readonly=True)[0] == "OK"


def names(session: imaplib.IMAP4) -> set[str]:
    _, lines = session.list('""', "*")
    return {
        line.rpartition(b" ")[2].decode() for line in lines if isinstance(line, bytes)
    }


def test_what_is_granted_to_the_group_reaches_every_session_of_the_address(
    host: MailHost, phone: str, bob: Imap
) -> None:
    with imap_session(host, ALICE, phone) as device:
        assert not reads(device, f"shared/{BOB}/Team")

    bob.setacl("Team", f'"${ALICE}"', "lr")

    with imap_session(host, ALICE, phone) as device, webmail(host, ALICE) as browser:
        for session in (device, browser):
            assert reads(session, f"shared/{BOB}/Team")
            answer = session.append(
                f"shared/{BOB}/Team", "", "", b"Subject: x\r\n\r\n."
            )
            assert (answer[0], answer[1][0][:8]) == ("NO", b"[NOPERM]")
            assert not reads(session, f"shared/{BOB}/INBOX")


def test_what_is_granted_to_the_address_reaches_its_webmail_alone(
    host: MailHost, phone: str, bob: Imap
) -> None:
    bob.setacl("Team", ALICE, "lr")

    with imap_session(host, ALICE, phone) as device, webmail(host, ALICE) as browser:
        assert not reads(device, f"shared/{BOB}/Team")
        assert reads(browser, f"shared/{BOB}/Team")


def test_an_administrator_grants_by_doveadm(
    host: MailHost, phone: str, bob: Imap
) -> None:
    grant = ("acl", "set", "-u", BOB, "Team", f"group={ALICE}", "lookup", "read")
    assert doveadm(host, *grant).returncode == 0

    with imap_session(host, ALICE, phone) as device:
        assert reads(device, f"shared/{BOB}/Team")
        assert f"shared/{BOB}/Team" in names(device)


def test_a_mailbox_shared_by_a_device_is_listed_under_the_address_after_the_sed(
    host: MailHost, phone: str, bob: Imap
) -> None:
    bob.setacl("Team", f'"${ALICE}"', "lr")
    with imap_session(host, ALICE, phone) as device:
        (listed,) = [name for name in names(device) if name.endswith("/Team")]
    assert listed.startswith(f"shared/{BOB}~")

    command = blocks(SECTION, "sh").replace("/var/lib/dovecot-shared", str(SHARED))
    subprocess.run(servers.command("sh", "-euc", command), check=True)

    with imap_session(host, ALICE, phone) as device:
        assert {name for name in names(device) if "~" in name} == set()
        assert f"shared/{BOB}/Team" in names(device)


def test_everybody_owns_their_own_mailbox(
    host: MailHost, phone: str, alice: Account
) -> None:
    sessions = (
        imap_session(host, ALICE, phone),
        webmail(host, ALICE),
        imap_session(host, f"{ALICE}*support", MASTER),
    )
    for number, opened in enumerate(sessions):
        with opened as session:
            assert session.create(f"Folder{number}")[0] == "OK"
            assert reads(session, "INBOX")
            _, [rights] = session.myrights("INBOX")
            assert rights.endswith(b" lrwstipekxacd")


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_master_user_opens_any_mailbox_and_no_portal_is_asked(
    protocol: str, host: MailHost, alice: Account
) -> None:
    """Not even whether it is disabled: so does Dovecot understand `master = yes`."""
    Account.objects.filter(pk=alice.pk).update(is_active=False)

    assert log_on(protocol, host, ALICE, factories.PASSWORD) is Verdict.REFUSED
    assert log_on(protocol, host, f"{ALICE}*support", MASTER) is Verdict.OK
    assert log_on(protocol, host, f"{ALICE}*support", "wrong") is Verdict.REFUSED
    assert log_on(protocol, host, f"{ALICE}*nobody", MASTER) is Verdict.REFUSED


def test_a_master_user_may_be_bound_to_a_network(
    host: MailHost, alice: Account
) -> None:
    assert log_on("imap", host, f"{ALICE}*far", MASTER) is Verdict.REFUSED


def test_a_master_user_finds_no_mailbox_that_is_not_there(host: MailHost) -> None:
    # Dovecot may hang up before the client has read its answer.
    with (
        pytest.raises(imaplib.IMAP4.error, match=r"\[UNAVAILABLE\]|EOF"),
        imap_session(host, "nobody@example.com*support", MASTER),
    ):
        pass

    assert not (host.folder / "mail" / "nobody@example.com").exists()


@pytest.mark.parametrize(
    ("code", "change"),
    [
        (250, {"client_passwords_on": False}),
        (521, {"client_passwords_on": True}),
        (521, {"is_active": False}),
    ],
)
def test_a_master_user_sends_where_the_web_password_may(
    code: int, change: dict[str, bool], host: MailHost, alice: Account
) -> None:
    Account.objects.filter(pk=alice.pk).update(
        **{"client_passwords_on": False} | change
    )

    with smtp_session(host, f"{ALICE}*support", MASTER) as session:
        session.mail(ALICE)
        assert session.rcpt(ALICE)[0] == code


def as_the_page_says(host: MailHost, lines: slice) -> str:
    """Do what it says of an address that changes hands; return what was printed."""
    here = {
        "/var/lib/dovecot-shared": SHARED,
        "/srv/mail": host.folder / "mail",
        "doveadm ": f"doveadm -c {host.dovecot_conf} ",
        "plain@example": "alice@example",
    }
    text = replace_names(blocks("An address that changes hands", "sh"), here)
    command = "\n".join(text.splitlines()[lines])
    shell = servers.command("sh", "-euc", command)
    done = subprocess.run(shell, check=True, capture_output=True)
    return done.stdout.decode()


def test_who_gets_an_address_next_reads_nothing_that_was_granted_before(
    host: MailHost, alice: Account, bob: Imap
) -> None:
    bob.setacl("Team", f'"${ALICE}"', "lr")
    alice.delete()
    FormerAddress.objects.all().delete()
    factories.make_account(ALICE)
    with webmail(host, ALICE) as next_one:
        assert reads(next_one, f"shared/{BOB}/Team")

    found = as_the_page_says(host, slice(0, 1))
    as_the_page_says(host, slice(1, 2))

    assert found == f"{host.folder}/mail/{BOB}/Maildir/.Team/dovecot-acl\n"
    with webmail(host, ALICE) as next_one:
        assert not reads(next_one, f"shared/{BOB}/Team")
        assert f"shared/{BOB}/Team" not in names(next_one)


def test_what_a_renamed_mailbox_shares_is_listed_under_its_new_address(
    host: MailHost, alice: Account, bob: Imap
) -> None:
    bob.setacl("Team", f'"${ALICE}"', "lr")
    sed = blocks(SECTION, "sh").replace("/var/lib/dovecot-shared", str(SHARED))
    subprocess.run(servers.command("sh", "-euc", sed), check=True)
    robert = "robert@example.com"
    Account.objects.filter(address=BOB).update(address=robert)
    mail = host.folder / "mail"
    (mail / BOB).rename(mail / robert)

    as_the_page_says(host, slice(2, None))

    with webmail(host, ALICE) as reader:
        shared = {name for name in names(reader) if name.endswith("/Team")}
        assert shared == {f"shared/{robert}/Team"}
        assert reads(reader, f"shared/{robert}/Team")
