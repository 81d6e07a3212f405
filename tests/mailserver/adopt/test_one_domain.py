"""docs/adopt.md, steps 1 to 6: the portal decides in one domain, beside the others."""

import re
from email.message import EmailMessage

import pytest
from django.core.management import call_command

from accounts.events import Actor
from accounts.models import Account, FormerAddress, Policy
from bench.authsocket import Verdict
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword, Usage
from tests import factories
from tests.mailserver.adoption import (
    ALICE,
    ALONE,
    BESIDE,
    BOB,
    HOMES,
    OTHER,
    POSTFIX,
    READY,
    ask_who_is_let_in,
    has_its_mail_and_quota,
    read_promised_verdicts,
)
from tests.mailserver.clients import imap_session, log_on, smtp_session
from tests.mailserver.conftest import Log
from tests.mailserver.debianhost import OLD_PASSWORDS
from tests.mailserver.existing import ExistingHost
from tests.mailserver.outages import no_database
from tests.mailserver.steps import (
    AT_ONCE,
    refusal_of_sender,
    seconds_until_closed,
    wait_for_message,
)

pytestmark = pytest.mark.mailserver

OPERATOR = Actor("admin@x.example", "198.51.100.7", "")


def login_name(address: str) -> str:
    return f"{address}~{ClientPassword.objects.get(account__address=address).pk}"


# Step 1 -------------------------------------------------------------------------------


def test_the_accounts_come_in_once_and_go_again(existing: ExistingHost) -> None:
    for _time in range(2):
        lines = existing.python("Do").splitlines()

        assert sorted(line.split()[0] for line in lines) == [ALICE, BOB]
        assert existing.python("Do") == ""
        assert existing.python("Check") == "2\n"

        existing.python("Undo")

        assert not Account.objects.exists()
        assert not Policy.objects.exists()
        assert not FormerAddress.objects.exists()


def test_an_address_that_was_left_is_told_by_its_line(
    existing: ExistingHost, capsys: pytest.CaptureFixture[str]
) -> None:
    domain = factories.make_domain("x.example")
    Account.objects.create_user(BOB, domain=domain).delete()

    with pytest.raises(SystemExit, match="Nothing was made"):
        existing.python("Do")

    told = capsys.readouterr()
    assert re.search(rf"refused: line \d+ {BOB} A mailbox had", told.err)
    assert told.out == ""
    assert not Account.objects.exists()


# Step 2 -------------------------------------------------------------------------------


def test_ready_for_the_portal_everybody_is_let_in_as_before(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(READY)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(READY)
    assert existing.shell("doveconf -h auth_cache_size") == "0\n"
    with imap_session(existing, OTHER, OLD_PASSWORDS[OTHER]):
        assert '"doveadmResponse"' in existing.run(READY, "Check")


def test_all_services_of_ours_are_there(existing: ExistingHost) -> None:
    existing.move_to(READY)
    rendered = (existing.folder / "mailportal" / "mail" / "dovecot").glob("*.conf")
    service = re.compile(r"^service (portal-\S+)", re.MULTILINE)

    here = set(service.findall(existing.shell("doveconf -n")))

    assert here == {
        name for file in rendered for name in service.findall(file.read_text())
    }
    assert here


# Step 3 -------------------------------------------------------------------------------


def test_the_login_name_of_a_device_leads_to_the_mailbox(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(HOMES)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(HOMES)
    home = existing.folder / "mail" / "x.example" / "alice"
    assert existing.run(HOMES, "Check") == f"{home}\n"
    for address in (ALICE, OTHER):
        assert has_its_mail_and_quota(existing, address, OLD_PASSWORDS[address])


# Step 4 -------------------------------------------------------------------------------


def test_beside_the_old_passwords_those_of_the_portal_open_one_domain(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(BESIDE)
    said = existing.run(BESIDE, "Check", typed=device[ALICE])
    assert f"user={login_name(ALICE)}" in said


def test_a_device_sees_the_same_mailbox_as_ever(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)

    for password in (OLD_PASSWORDS[ALICE], device[ALICE]):
        assert has_its_mail_and_quota(existing, ALICE, password)


def test_the_portal_sees_who_used_which_password(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)
    assert log_on("pop3", existing, ALICE, device[ALICE]) is Verdict.OK

    call_command("follow_logons", str(existing.decisions), once=True)

    used = Usage.objects.get(client_password__account__address=ALICE)
    assert used.protocol == "pop3"


def test_a_deleted_password_ends_its_sessions(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)
    with (
        imap_session(existing, ALICE, device[ALICE]) as ended,
        imap_session(existing, ALICE, OLD_PASSWORDS[ALICE]) as kept,
    ):
        rows = ClientPassword.objects.filter(account__address=ALICE)
        lifecycle.revoke(rows, by=OPERATOR)

        assert seconds_until_closed(ended.sock) < AT_ONCE
        assert kept.noop()[0] == "OK"
    assert log_on("imap", existing, ALICE, device[ALICE]) is Verdict.REFUSED


def test_undone_the_portals_passwords_end_with_their_sessions(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)
    with (
        imap_session(existing, ALICE, device[ALICE]) as ended,
        imap_session(existing, OTHER, OLD_PASSWORDS[OTHER]) as kept,
    ):
        existing.move_to(HOMES)

        assert seconds_until_closed(ended.sock) < AT_ONCE
        assert kept.noop()[0] == "OK"


def test_a_device_sees_what_was_shared_with_its_owner(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(READY)
    with imap_session(existing, BOB, OLD_PASSWORDS[BOB]) as session:
        assert session.setacl("INBOX", ALICE, "lr")[0] == "OK"

    existing.move_to(BESIDE)

    for password in (OLD_PASSWORDS[ALICE], device[ALICE]):
        with imap_session(existing, ALICE, password) as session:
            selected = session.select(f"shared/{BOB}/INBOX", readonly=True)
            assert selected == ("OK", [b"1"])
            assert session.myrights("INBOX") == ("OK", [b"INBOX lrwstipekxacd"])


# Step 5 -------------------------------------------------------------------------------


def test_alone_the_portal_puts_old_passwords_off_in_its_domain(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(BESIDE)
    with (
        imap_session(existing, ALICE, OLD_PASSWORDS[ALICE]) as ended,
        imap_session(existing, OTHER, OLD_PASSWORDS[OTHER]) as kept,
    ):
        existing.move_to(ALONE)

        assert seconds_until_closed(ended.sock) < AT_ONCE
        assert kept.noop()[0] == "OK"
    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(ALONE)
    with pytest.raises(AssertionError, match="auth failed"):
        existing.run(ALONE, "Check", typed=OLD_PASSWORDS[ALICE])


def test_a_policy_holds_in_the_domain_and_nowhere_else(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(ALONE)
    Policy.objects.update(pop3=False)

    assert log_on("pop3", existing, ALICE, device[ALICE]) is Verdict.REFUSED
    assert log_on("imap", existing, ALICE, device[ALICE]) is Verdict.OK
    assert log_on("pop3", existing, OTHER, OLD_PASSWORDS[OTHER]) is Verdict.OK


# Step 6 -------------------------------------------------------------------------------


def test_behind_postfix_nobody_else_notices(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(POSTFIX)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(POSTFIX)
    with smtp_session(existing, OTHER, OLD_PASSWORDS[OTHER]) as session:
        for sender in (OTHER, "sales@y.example", "me@elsewhere.example"):
            session.mail(sender)
            assert session.rcpt(BOB)[0] == 250
            session.rset()


def test_addresses_of_the_portal_are_their_owners(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(POSTFIX)

    with smtp_session(existing, OTHER, OLD_PASSWORDS[OTHER]) as session:
        session.mail(ALICE)
        assert session.rcpt(BOB) == refusal_of_sender(ALICE)
    log = Log(existing.postfix_log)
    with smtp_session(existing, ALICE, device[ALICE]) as session:
        session.mail(BOB)
        assert session.rcpt(BOB) == refusal_of_sender(BOB)
        log.wait_for(f"not owned by user {ALICE}~")
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "From the phone", ALICE, BOB
    with smtp_session(existing, ALICE, device[ALICE]) as session:
        session.send_message(mail)
    wait_for_message("From the phone", existing, BOB, web[BOB])


def test_an_open_submission_ends_with_its_password(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(POSTFIX)
    with (
        smtp_session(existing, ALICE, device[ALICE]) as ended,
        smtp_session(existing, OTHER, OLD_PASSWORDS[OTHER]) as kept,
    ):
        for session, sender in ((ended, ALICE), (kept, OTHER)):
            session.mail(sender)
            assert session.rcpt(BOB)[0] == 250

        rows = ClientPassword.objects.filter(account__address=ALICE)
        lifecycle.revoke(rows, by=OPERATOR)

        assert ended.rcpt(BOB)[0] == 521
        assert kept.rcpt(BOB)[0] == 250
    assert existing.run(POSTFIX, "Check").strip() == "logon_ended"


def test_without_the_database_only_the_portals_domain_has_to_wait(
    existing: ExistingHost, device: dict[str, str]
) -> None:
    existing.move_to(POSTFIX)

    with no_database():
        for protocol in ("imap", "smtp"):
            for password in (device[ALICE], OLD_PASSWORDS[ALICE]):
                verdict = log_on(protocol, existing, ALICE, password)
                assert verdict is Verdict.TEMPORARY
            verdict = log_on(protocol, existing, OTHER, OLD_PASSWORDS[OTHER])
            assert verdict is Verdict.OK
