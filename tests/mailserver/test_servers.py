"""All mail servers come from where MAIL_SERVERS says, and run among our users."""

import grp
import pwd
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.authsocket import Verdict
from deploy import servers
from deploy.mailhost import MailHost
from tests import factories
from tests.factories import PASSWORD
from tests.mailserver.clients import log_on

pytestmark = pytest.mark.mailserver


def descendants(pid: int) -> Iterator[int]:
    """Give the process and all that it and they have started."""
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in file.read_text().split():
            yield from descendants(int(child))


def test_every_process_of_the_host_runs_a_program_from_there(host: MailHost) -> None:
    factories.make_account("alice@example.com")
    for protocol in ("imap", "pop3", "smtp"):
        assert log_on(protocol, host, "alice@example.com", PASSWORD) is Verdict.OK

    programs = set()
    for started in host.processes.values():
        for pid in descendants(started.pid):
            program = Path(f"/proc/{pid}/exe")
            there = servers.root() / program.readlink().relative_to("/")
            assert program.samefile(there), there
            programs.add(there.name)
    assert {"anvil", "auth", "dovecot", "master", "smtpd"} < programs
    assert any(name.startswith("python3") for name in programs)


def test_what_was_installed_there_belongs_to_our_users() -> None:
    """A program with the group of Postfix's queue has the number it has here."""
    users = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    groups = {entry.gr_name: entry.gr_gid for entry in grp.getgrall()}
    found = set()
    for kind, ours in (("passwd", users), ("group", groups)):
        for line in (servers.root() / "etc" / kind).read_text().splitlines():
            name, _, number, *_ = line.split(":")
            assert ours.get(name, int(number)) == int(number), name
            found.add(name)
    assert {"dovecot", "dovenull", "postfix", "postdrop"} <= found
    queue = (servers.root() / "usr" / "sbin" / "postqueue").stat()
    assert queue.st_gid == groups["postdrop"]
    assert queue.st_mode & 0o2000
