"""Whose mail it is when an address changes hands, by the commands on our pages."""

import html
import re
import subprocess
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, FormerAddress
from deploy import servers
from deploy.mailhost import MailHost
from provisioning import former_addresses
from provisioning.operations import Order
from tests import factories
from tests.factories import PASSWORD
from tests.mailserver.clients import Lmtp, imap_session
from tests.mailserver.documented import blocks, replace_names
from tests.mailserver.versions import DOVECOT, mail_in
from tests.signedin import sign_in_verified
from tests.unit.administration.steps import save_account
from tests.unit.support import HOME

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]


class Letters:
    """A mailbox of an address of its own, as mail stays from one test to the next."""

    def __init__(self, host: MailHost, name: str) -> None:
        self.host = host
        self.old, self.new = f"{name}@example.com", f"{name}-renamed@example.com"
        self.account = factories.make_account(self.old)
        self.options = ["-c", str(host.dovecot_conf)]

    def deliver(self, address: str, subject: str) -> None:
        with Lmtp(str(self.host.socket("lmtp"))) as client:
            client.sendmail("friend@x.org", address, f"Subject: {subject}\r\n\r\n.\r\n")

    def run(self, command: str) -> int:
        """Do what a page says, on this host here."""
        doveadm = f"doveadm {' '.join(self.options)}"
        ours = re.sub(r"^doveadm", doveadm, command, flags=re.MULTILINE)
        shell = servers.command("sh", "-c", ours)
        return subprocess.run(shell, capture_output=True, check=False).returncode

    def rename(self) -> None:
        self.account.address = self.new
        self.account.save()

    def files(self) -> list[Path]:
        """Return all that is in the folders of both addresses."""
        homes = [former_addresses.mail_home(each) for each in (self.old, self.new)]
        return sorted(file for home in homes for file in Path(home).rglob("*"))

    def configure(self, *settings: str) -> None:
        """Have doveadm work as it does with another configuration."""
        self.options += [word for setting in settings for word in ("-o", setting)]

    def limit_to(self, size: str) -> None:
        """Have doveadm heed a quota of this size, by docs/mailbox-features.md."""
        quota = replace_names(
            blocks("Quota", "conf"),
            {f"{DOVECOT.storage}10G": f"{DOVECOT.storage}{size}"},
        )
        limited = self.host.folder / "limited.conf"
        limited.write_text(f"{DOVECOT.first}!include {self.host.dovecot_conf}\n{quota}")
        self.options = ["-c", str(limited)]

    def save(self, address: str, subject: str) -> None:
        """Put a message into the mailbox by doveadm."""
        text = f"Subject: {subject}\n\n.\n"
        save = servers.command("doveadm", *self.options, "save", "-u", address)
        subprocess.run(save, input=text, text=True, check=True)

    def subjects(self, address: str) -> list[str]:
        """Return what is in the mailbox, as doveadm finds it."""
        words = ("-f", "flow", "fetch", "-u", address, "hdr.subject", "ALL")
        fetch = servers.command("doveadm", *self.options, *words)
        told = subprocess.run(fetch, capture_output=True, text=True, check=True)
        lines = told.stdout.splitlines()
        return sorted(line.removeprefix("hdr.subject=") for line in lines)

    def read(self, address: str) -> list[tuple[str, str]]:
        """Return UID and subject of what the owner of the address sees by IMAP."""
        with imap_session(self.host, address, PASSWORD) as client:
            client.select("INBOX", readonly=True)
            _, (numbers,) = client.search(None, "ALL")
            wanted = "(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])"
            found = []
            for number in numbers.split():
                _, data = client.fetch(number.decode(), wanted)
                assert isinstance(data[0], tuple)
                uid = re.search(rb"UID (\d+)", data[0][0])
                assert uid
                subject = data[0][1].decode().strip().removeprefix("Subject: ")
                found.append((uid[1].decode(), subject))
            return found


@pytest.fixture
def letters(
    host: MailHost, settings: Settings, request: pytest.FixtureRequest
) -> Letters:
    settings.MAIL_HOME = f"{host.folder}/mail/%u"
    name = re.sub(r"[^a-z]+", "-", request.node.name.removeprefix("test_"))[:40]
    return Letters(host, name.strip("-"))


@pytest.fixture
def administrator(host: MailHost) -> Client:
    factories.make_domain()
    return sign_in_verified(Account.objects.create_superuser("admin@example.com"))


def renamed(administrator: Client, letters: Letters) -> list[str]:
    """Rename it on its page; return the commands of the page that asks."""
    asked = save_account(administrator, letters.account, address=letters.new)
    pages = re.findall(r"<pre[^>]*>(.*?)</pre>", asked.content.decode(), re.DOTALL)
    answer = save_account(
        administrator, letters.account, address=letters.new, _confirmed="1"
    )
    assert answer.status_code == 302
    return html.unescape("\n".join(pages)).strip().splitlines()


def release(administrator: Client, address: str) -> None:
    former = FormerAddress.objects.get(address=address)
    page = reverse("admin:accounts_formeraddress_release", args=[former.pk])
    administrator.post(page, {"nothing_left": "on", "reason": "Its mail was moved."})
    assert not FormerAddress.objects.filter(address=address).exists()


def test_mail_goes_along_by_the_command_and_the_next_owner_finds_nothing(
    administrator: Client, letters: Letters
) -> None:
    letters.deliver(letters.old, "private letter")
    assert letters.read(letters.old) == [("1", "private letter")]

    move, *_more = renamed(administrator, letters)
    with pytest.raises(ValidationError, match="A mailbox had this address"):
        factories.make_account(letters.old)
    assert letters.run(move) == 0
    release(administrator, letters.old)
    factories.make_account(letters.old)

    assert letters.read(letters.new) == [("1", "private letter")]
    assert letters.read(letters.old) == []


def test_what_has_come_to_the_new_address_meanwhile_is_put_to_it(
    administrator: Client, letters: Letters
) -> None:
    letters.deliver(letters.old, "of before")
    assert letters.read(letters.old) == [("1", "of before")]
    home, new_home = map(former_addresses.mail_home, (letters.old, letters.new))
    assert letters.run(f"echo before > {home}/.dovecot.sieve") == 0

    move, *together = renamed(administrator, letters)
    letters.deliver(letters.new, "of meanwhile")
    assert letters.read(letters.new) == [("1", "of meanwhile")]
    assert letters.run(f"echo meanwhile > {new_home}/.dovecot.sieve") == 0
    assert letters.run(move) != 0
    assert letters.read(letters.new) == [("1", "of meanwhile")]
    assert letters.run("\n".join(together)) == 0

    assert letters.read(letters.new) == [("1", "of before"), ("2", "of meanwhile")]
    for folder, script in ((new_home, "before"), (f"{new_home}~come", "meanwhile")):
        assert Path(folder, ".dovecot.sieve").read_text() == f"{script}\n"
    assert not Path(home).exists()


# How the commands look with other formats, by docs/operations.md.
FORMATS = {
    "sdbox:~/dbox": [
        ("~come/Maildir", "~come/dbox"),
        ("/Maildir", "/dbox"),
        ("maildir:", "sdbox:"),
    ],
    "maildir:~": [("~come/Maildir", "~come"), ("/Maildir", "/cur")],
}


@pytest.mark.parametrize("location", FORMATS)
def test_another_format_stays(letters: Letters, location: str) -> None:
    """As it is, by the commands for Maildir; by those changed for it it comes along."""
    letters.configure(*mail_in(location))
    letters.save(letters.old, "of before")
    letters.rename()
    letters.save(letters.new, "of meanwhile")
    commands = former_addresses.merge_commands(letters.old, letters.new)
    before = letters.files()

    assert letters.run(commands) != 0
    assert letters.files() == before

    for there, here in FORMATS[location]:
        commands = commands.replace(there, here)
    assert letters.run(commands) == 0
    assert letters.subjects(letters.new) == ["of before", "of meanwhile"]


def test_over_quota_what_has_come_stays(letters: Letters) -> None:
    letters.save(letters.old, "of before")
    letters.rename()
    letters.save(letters.new, "of meanwhile")
    letters.limit_to("20B")
    commands = former_addresses.merge_commands(letters.old, letters.new)

    assert letters.run(commands) != 0
    come = Path(former_addresses.arrivals_folder(letters.new), "Maildir")
    (letter,) = [*come.glob("new/*"), *come.glob("cur/*")]
    assert "of meanwhile" in letter.read_text()


def test_after_the_command_that_removes_it_the_next_owner_finds_nothing(
    administrator: Client, letters: Letters
) -> None:
    letters.deliver(letters.old, "private letter")
    page = reverse("admin:accounts_account_delete", args=[letters.account.pk])
    asked = administrator.get(page).content.decode()
    (command,) = re.findall(r"<pre[^>]*>(.*?)</pre>", asked)
    assert administrator.post(page, {"post": "yes"}).status_code == 302

    assert letters.run(html.unescape(command)) == 0
    release(administrator, letters.old)
    factories.make_account(letters.old)

    assert letters.read(letters.old) == []


def test_the_mail_of_who_has_left_can_be_given_to_somebody_else(
    letters: Letters,
) -> None:
    """By the command in docs/operations.md."""
    boss = factories.make_account(letters.new)
    letters.deliver(letters.old, "for the successor")
    letters.account.delete()
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    (command,) = re.findall(
        r"^doveadm import .* 'From plain' ALL$", page.read_text(), re.MULTILINE
    )

    home = former_addresses.mail_home(letters.old)
    for there, here in (
        ("/srv/mail/plain@example.com", home),
        ("boss@example.com", boss.address),
    ):
        command = command.replace(there, here)

    assert letters.run(command) == 0
    with imap_session(letters.host, boss.address, PASSWORD) as client:
        assert client.select('"From plain.INBOX"', readonly=True) == ("OK", [b"1"])


def test_released_without_it_the_next_owner_reads_everything(letters: Letters) -> None:
    """Why an address is held back at all."""
    letters.deliver(letters.old, "private letter")
    letters.account.delete()

    former_addresses.release(FormerAddress.objects.get(), Order(HOME, ""))
    factories.make_account(letters.old)

    assert letters.read(letters.old) == [("1", "private letter")]
