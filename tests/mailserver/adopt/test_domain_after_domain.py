"""docs/adopt.md, step 7: a second domain goes the way of the first one, beside it."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from bench.authsocket import Verdict
from clientpasswords.models import Usage
from tests.mailserver.adoption import (
    OTHER,
    POSTFIX,
    ask_who_is_let_in,
    read_promised_verdicts,
)
from tests.mailserver.clients import log_on
from tests.mailserver.existing import ExistingHost
from tests.mailserver.fail2ban import findings
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

RELOAD = "doveadm reload\npostfix reload\n"


@pytest.fixture
def beside(existing: ExistingHost) -> Iterator[ExistingHost]:
    """The host with a second passdb, for the second domain."""
    existing.move_to(POSTFIX)
    folder = existing.folder / "dovecot" / "conf.d"
    first = (folder / "05-portal.conf").read_text()
    second = folder / "06-portal-y.conf"
    second.write_text(
        first.replace("*@x.example", "*@y.example")
        .replace("= return-fail", "= continue")
        .replace("passdb lua {", "passdb lua-y {\n  driver = lua")
    )
    existing.do(RELOAD)
    yield existing
    second.unlink()
    existing.do(RELOAD)


def test_a_second_domain_is_beside_its_old_passwords_for_a_while(
    beside: ExistingHost, web: dict[str, str], device: dict[str, str]
) -> None:
    assert ask_who_is_let_in(beside, web, device) == read_promised_verdicts(POSTFIX) | {
        "device of the others": Verdict.OK,
    }

    call_command("follow_logons", str(beside.decisions), once=True)

    used = Usage.objects.filter(client_password__account__address=OTHER)
    assert used.count() == 1


def test_guesses_in_a_second_domain_are_counted(
    beside: ExistingHost, tmp_path: Path
) -> None:
    assert log_on("imap", beside, "info@y.example", "a guess") is Verdict.REFUSED

    deadline = time.monotonic() + PATIENCE  # another process writes it
    while not findings(beside.decisions.read_text(), tmp_path).counted:
        assert time.monotonic() < deadline
        time.sleep(0.1)
