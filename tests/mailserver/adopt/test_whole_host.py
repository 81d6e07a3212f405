"""docs/adopt.md, steps 7 to 9: the portal decides in all domains; and back."""

import re
from email.message import EmailMessage

import pytest

from tests import factories
from tests.mailserver.adoption import (
    ALL,
    BOB,
    NO_TABLE,
    OTHER,
    PORTAL_ONLY,
    ask_who_is_let_in,
    has_its_mail_and_quota,
    read_promised_verdicts,
)
from tests.mailserver.clients import smtp_session
from tests.mailserver.debianhost import MASTER_PASSWORD, OLD_PASSWORDS
from tests.mailserver.existing import ExistingHost
from tests.mailserver.steps import refusal_of_sender, wait_for_message

pytestmark = pytest.mark.mailserver

NEW = "new@x.example"


# Steps 7 to 9 -------------------------------------------------------------------------


def test_in_all_domains_the_portal_decides(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(ALL)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(ALL)
    with pytest.raises(AssertionError, match="auth failed"):
        existing.run(ALL, "Check", typed=OLD_PASSWORDS[OTHER])
    with smtp_session(existing, OTHER, device[OTHER]) as session:
        session.mail("me@elsewhere.example")
        assert session.rcpt(BOB) == refusal_of_sender("me@elsewhere.example")
        session.rset()
        session.mail(OTHER)
        assert session.rcpt(BOB)[0] == 250


def test_without_the_old_passwords_the_table_still_says_where_the_mail_is(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(NO_TABLE)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(NO_TABLE)
    passdbs = re.findall(r"^passdb ", existing.run(NO_TABLE, "Check"), re.MULTILINE)
    assert len(passdbs) == 2
    assert has_its_mail_and_quota(existing, OTHER, device[OTHER])


def test_a_new_mailbox_needs_the_portal_only(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(NO_TABLE)
    factories.make_account(NEW)
    with smtp_session(existing, NEW, factories.PASSWORD) as session:
        session.mail(NEW)
        assert session.rcpt(NEW)[0] == 550

    existing.move_to(PORTAL_ONLY)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(
        PORTAL_ONLY
    )
    assert existing.run(PORTAL_ONLY, "Check") == f"{NEW}\n"
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Welcome", NEW, NEW
    with smtp_session(existing, NEW, factories.PASSWORD) as session:
        session.send_message(mail)
    wait_for_message("Welcome", existing, NEW, factories.PASSWORD)
    assert (existing.folder / "mail" / "x.example" / "new" / "Maildir").is_dir()


def test_a_master_user_with_a_mailbox_of_his_own_opens_the_one_that_he_names(
    existing: ExistingHost, web: dict[str, str]
) -> None:
    existing.move_to(PORTAL_ONLY)
    factories.make_account(NEW)
    masters = existing.folder / "dovecot" / "master-users"
    before = masters.read_text()
    masters.write_text(f"{before}{OTHER}:{{PLAIN}}{MASTER_PASSWORD}\n")
    # A process looks at such a file once a second, the last time maybe just now.
    existing.do("doveadm reload")

    ask = f"doveadm auth login -x service=imap -x rip=198.51.100.7 '{NEW}*{OTHER}'"
    said = existing.shell(ask, typed=MASTER_PASSWORD)

    masters.write_text(before)
    assert f"home={existing.folder}/mail/x.example/new\n" in said


def test_dovecots_files_can_be_written_again_as_after_an_upgrade(
    existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(PORTAL_ONLY)
    before = existing.configuration()

    for block in existing.blocks():
        if block.label == "Do" and "/etc/dovecot/" in block.text:
            existing.do(block.text)

    assert existing.configuration() == before
    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(
        PORTAL_ONLY
    )


# And back -----------------------------------------------------------------------------


@pytest.mark.parametrize("step", range(PORTAL_ONLY, 1, -1))
def test_undone_a_step_leaves_no_trace_and_can_be_done_again(
    step: int, existing: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    existing.move_to(step)

    existing.move_to(step - 1)

    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(step - 1)
    existing.move_to(step)
    assert ask_who_is_let_in(existing, web, device) == read_promised_verdicts(step)


def test_at_the_end_the_configuration_is_what_it_was(
    untouched: str, existing: ExistingHost
) -> None:
    existing.move_to(1)

    assert existing.configuration() == untouched
