"""fail2ban counts guesses, by the real program on what a real Dovecot has logged."""

import re
import shutil
from ast import literal_eval
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Account
from bench.authsocket import Logon, Verdict, ask
from clientpasswords.logon import sentences
from deploy.mailhost import MailHost
from tests import factories
from tests.factories import PASSWORD
from tests.longaddresses import address_of
from tests.mailserver.clients import client_address, log_on
from tests.mailserver.conftest import Log
from tests.mailserver.fail2ban import SHIPPED, Findings, findings, run
from tests.mailserver.outages import no_database
from tests.mailserver.versions import DOVECOT

pytestmark = pytest.mark.mailserver

ALICE, CAROL = "alice@example.com", "carol@example.com"
# Dovecot cuts names in its log at 64 bytes; the longest address has 254.
LONG = [address_of("a", length) for length in (65, 254)]


@pytest.fixture
def alice(host: MailHost) -> Account:
    """Needs a security password in mail programs."""
    sentences.store()
    return factories.make_account(ALICE, client_passwords_on=True)


@pytest.fixture
def carol(host: MailHost) -> Account:
    """Uses her web password in mail programs."""
    return factories.make_account(CAROL)


def decided(log: Log) -> str:
    """The lines about decisions, without the others that Dovecot writes."""
    lines = log.settled().splitlines(keepends=True)
    return "".join(line for line in lines if "db-lua: portal" in line)


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_wrong_password_counts_by_every_protocol(
    protocol: str, host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    source = client_address()

    verdict = log_on(protocol, host, CAROL, "wrong", source)

    assert verdict is Verdict.REFUSED
    assert findings(dovecot_log.settled(), tmp_path).counted == [source]


def test_what_a_guesser_does_counts(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    source = "2001:db8:44::1"
    many = [Logon(CAROL, f"guess {n}", "pop3", source) for n in range(99)]
    unknown = [Logon(f"u{n}@x.org", PASSWORD, source=source) for n in range(3)]

    ask(host.socket("auth-client"), [*many, *unknown])

    found = findings(decided(dovecot_log), tmp_path)
    assert '"reason":"too-many-guesses"' in dovecot_log.settled()
    assert found == Findings([source] * 102, ignored=0, missed=0)


@pytest.mark.parametrize("address", LONG)
def test_a_long_address_counts_as_a_short_one(
    address: str, host: MailHost, dovecot_log: Log, tmp_path: Path
) -> None:
    factories.make_account(address)
    source = client_address()
    logons = [Logon(address, each, source=source) for each in ("one", "two", "two")]

    for logon in logons:
        ask(host.socket("auth-client"), [logon])

    found = findings(decided(dovecot_log), tmp_path)
    # The second of the same is ignored, unless another logon worker has it.
    assert set(found.counted) == {source}
    assert (len(found.counted) + found.ignored, found.missed) == (3, 0)


def test_lines_of_before_count_as_well(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    """Of before they had an address: until Dovecot was told to reload."""
    source = client_address()
    ask(host.socket("auth-client"), [Logon(CAROL, "wrong", source=source)])
    line = decided(dovecot_log)
    before = line.replace(f',"address":"{CAROL}"', "")
    assert before != line

    again = before.replace('"again":false', '"again":true')

    found = findings(line + before + again, tmp_path)
    assert found == Findings([source] * 2, ignored=1, missed=0)


def test_an_old_phone_is_ignored(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    source = client_address()
    logons = [Logon(CAROL, "of last year", source=source)] * 100

    ask(host.socket("auth-client"), logons)

    found = findings(decided(dovecot_log), tmp_path)
    # Each logon worker counts it once.
    assert set(found.counted) == {source}
    assert len(found.counted) + found.ignored == 100
    jail = (SHIPPED / "jail.d/mailportal.conf").read_text()
    most = re.search(r"^maxretry = (\d+)$", jail, re.MULTILINE)
    assert most is not None
    assert len(found.counted) < int(most[1])


def test_what_owners_do_counts_nothing(
    host: MailHost, dovecot_log: Log, alice: Account, carol: Account, tmp_path: Path
) -> None:
    secret = factories.make_client_password(alice)[1]
    revoked = factories.make_client_password(alice, revoked_at=timezone.now())[1]
    logons = [
        Logon(ALICE, secret),
        Logon(ALICE, revoked),
        Logon(ALICE, PASSWORD),  # told why, or refused by the policy
        Logon(ALICE, PASSWORD, "smtp"),
        Logon(CAROL, PASSWORD),
        Logon(CAROL, PASSWORD, "xmpp"),
    ]
    for logon in logons:
        ask(host.socket("auth-client"), [logon])

    text = decided(dovecot_log)
    assert len(text.splitlines()) == len(logons)
    assert findings(text, tmp_path).counted == []


def test_a_temporary_failure_counts_nothing(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    with no_database():
        (verdict,) = ask(host.socket("auth-client"), [Logon(CAROL, "wrong")])

    assert verdict is Verdict.TEMPORARY
    assert '"outcome":"temporary"' in decided(dovecot_log)
    assert findings(dovecot_log.settled(), tmp_path).counted == []


def test_nobody_gets_another_banned_by_a_name_that_lies(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    victim, source = "198.51.100.66", client_address()
    ask(host.socket("auth-client"), [Logon(CAROL, "wrong", source=source)])
    (line,) = decided(dovecot_log).splitlines()
    real = dovecot_log.settled()
    forged = line.replace(source, victim)
    names = [
        forged,
        forged.partition(" ")[2],
        forged.partition(DOVECOT.process)[2],
        f"x\n{forged}",
        f"x\r{forged}",
        f"{CAROL},{victim},<x>): db-lua: {forged.partition('db-lua: ')[2]}",
        f"{CAROL},{victim}",
    ]
    lies = [Logon(name, "x", source=source) for name in names]
    lies += [Logon(CAROL, name, source=source) for name in names]

    ask(host.socket("auth-client"), lies)

    # The first one, and the passwords that Dovecot passed on, which are not in the log.
    wrong = ["wrong", *(name for name in names if name.isprintable())]
    text = dovecot_log.settled()
    assert victim in text
    assert len(text) > len(real)
    found = findings(text, tmp_path)
    assert found.counted == [source] * len(wrong)


def test_only_a_whole_line_of_dovecots_own_counts(
    host: MailHost, dovecot_log: Log, carol: Account, tmp_path: Path
) -> None:
    """Whatever else may get into the log, and wherever it is cut off."""
    ask(host.socket("auth-client"), [Logon(CAROL, "wrong", source=client_address())])
    (line,) = decided(dovecot_log).splitlines()
    stamp, _, rest = line.partition(" ")
    lies = [
        f"{stamp} imap-login: Info: Disconnected: user=<{line}",
        f"{stamp} auth: Info: plain(?,192.0.2.1): {rest}",
        f"{stamp} auth: Info: {rest}",
        f"{line} (username: x)",
        f"x{line}",
    ]

    found = findings("\n".join([line, *lies]) + "\n", tmp_path)

    assert (len(found.counted), found.missed) == (1, len(lies))


def test_the_jail_is_one_that_fail2ban_takes(tmp_path: Path) -> None:
    shutil.copytree("/etc/fail2ban", tmp_path, dirs_exist_ok=True)
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "dovecot.log"
    log.touch()
    (tmp_path / "jail.d" / "defaults-debian.conf").unlink(missing_ok=True)
    mine = tmp_path / "jail.d" / "mailportal.conf"
    mine.write_text(mine.read_text().replace("/var/log/dovecot.log", str(log)))

    lines = run("fail2ban-client", "-c", str(tmp_path), "-d").splitlines()

    commands = [literal_eval(line) for line in lines if line.startswith("[")]
    assert ["start", "mailportal"] in commands
    assert ["set", "mailportal", "addlogpath", str(log), "head"] in commands
    filters = [each for each in commands if each[2:3] == ["addfailregex"]]
    assert len(filters) == 1
