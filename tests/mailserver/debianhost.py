"""The configuration of a mail host with Debian's packages and a table of users.

The packages' own files with the few changes that every such host has, on private ports.
"""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy import servers
from deploy.values import Ports
from tests.mailserver.debian12 import DEBIAN_12
from tests.mailserver.debian13 import DEBIAN_13
from tests.mailserver.versions import DOVECOT, OF_2_3

DOVECOT_FILES = servers.root() / "usr" / "share" / "dovecot"
POSTFIX_FILES = servers.root() / "usr" / "share" / "postfix"

# The contents of the table of users. Everybody has the same quota, in KiB.
QUOTA = 12345
OLD_PASSWORDS = {
    "alice@x.example": "old password of Alice",
    "bob@x.example": "old password of Bob",
    "old@y.example": "old password of the other domain",
}
MASTER, MASTER_PASSWORD = "admin", "password of the master"

# The release whose configuration it is.
RELEASE = DEBIAN_12 if DOVECOT is OF_2_3 else DEBIAN_13

# The lines to uncomment in master.cf.
SUBMISSION = """submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
"""
SUBMISSION_OPTIONS = """  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""

MAIN_CF = """
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
virtual_mailbox_domains = x.example, y.example
virtual_mailbox_maps = hash:{folder}/postfix/mailboxes
virtual_transport = lmtp:unix:private/dovecot-lmtp
mydestination =
alias_maps =
local_recipient_maps =
myhostname = mx.mail.example

# Private.
queue_directory = {folder}/queue
data_directory = {folder}/postfix-data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
mynetworks =
"""


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replace texts that occur once in a file, at the start of a line."""
    text = path.read_text()
    for old, new in changes:
        assert text.count(f"\n{old}") == 1, (path, old)
        text = text.replace(f"\n{old}", f"\n{new}")
    path.write_text(text)


def fill_placeholders(text: str, words: Mapping[str, object]) -> str:
    """Return the text with the values of its placeholders, such as @FOLDER@."""
    return re.sub("@([A-Z0-9]+)@", lambda word: str(words[word[1]]), text)


def configure_dovecot(folder: Path, base: Path, table: str, ports: Ports) -> None:
    """Write `folder`/dovecot. `table` is a key of the release's tables."""
    dovecot = folder / "dovecot"
    included, written = RELEASE.tables[table]
    words = {
        "FOLDER": folder,
        "DOVECOT": dovecot,
        "MAIL": folder / "mail",
        "BASE": base,
        "NAME": base.parent.name,
        "TABLE": included,
        "IMAP": ports.imap,
        "POP3": ports.pop3,
    }
    shutil.copytree(DOVECOT_FILES / "conf.d", dovecot / "conf.d")
    shutil.copy(DOVECOT_FILES / "dovecot.conf", dovecot)
    for path in (dovecot / "conf.d").iterdir():
        path.write_text(path.read_text().replace("/etc/dovecot/", f"{dovecot}/"))
    for name, changes in RELEASE.edits.items():
        here = [
            (fill_placeholders(old, words), fill_placeholders(new, words))
            for old, new in changes
        ]
        edit(dovecot / "conf.d" / name, *here)
    site = {"conf.d/91-site.conf": RELEASE.site, "local.conf": RELEASE.private}
    for name, text in {**written, **site}.items():
        (dovecot / name).write_text(fill_placeholders(text, words))
    (dovecot / "master-users").write_text(f"{MASTER}:{{PLAIN}}{MASTER_PASSWORD}\n")
    fill_table(dovecot, folder / "mail")


def fill_table(dovecot: Path, mail: Path) -> None:
    """Write the users, as a file and as an SQLite database."""
    rows = [
        (name, f"{{PLAIN}}{password}", str(home_of(mail, name)))
        for name, password in OLD_PASSWORDS.items()
    ]
    field, quota = (
        RELEASE.quota_field,
        fill_placeholders(RELEASE.quota, {"QUOTA": QUOTA}),
    )
    lines = [
        f"{name}:{password}:mail:mail::{home}::userdb_{field}={quota}\n"
        for name, password, home in rows
    ]
    (dovecot / "users").write_text("".join(lines))
    database = sqlite3.connect(dovecot / "users.sqlite3")
    with database:
        database.execute(
            f"CREATE TABLE users (userid, password, home, uid, gid, {field})"
        )
        database.executemany(
            "INSERT INTO users VALUES (?, ?, ?, 'mail', 'mail', ?)",
            [(*row, quota) for row in rows],
        )
    database.close()


def home_of(mail: Path, address: str) -> Path:
    name, domain = address.split("@")
    return mail / domain / name


def fill_mailboxes(mail: Path) -> None:
    """Put one message into each mailbox, from before the portal."""
    for address in OLD_PASSWORDS:
        maildir = home_of(mail, address) / "Maildir"
        for name in ("cur", "new", "tmp"):
            (maildir / name).mkdir(parents=True)
        text = f"Subject: For {address}\n\nFrom before the portal.\n"
        (maildir / "new" / "1.example").write_text(text)
    subprocess.run(["chown", "-R", "mail:mail", str(mail)], check=True)


def configure_postfix(folder: Path, ports: Ports) -> None:
    """Write `folder`/postfix."""
    postfix = folder / "postfix"
    # Each name once: each process warns about every line that overrides another. So
    # does postlogd of Postfix 3.10; too many of its own warnings block it.
    ours = set(re.findall(r"^\w+ =", MAIN_CF, re.MULTILINE))
    lines = (POSTFIX_FILES / "main.cf.debian").read_text().splitlines(keepends=True)
    stock = "".join(line for line in lines if line.partition("=")[0] + "=" not in ours)
    (postfix / "main.cf").write_text(stock + MAIN_CF.format(folder=folder))
    shutil.copy(POSTFIX_FILES / "master.cf.dist", postfix / "master.cf")
    service = f"127.0.0.1:{ports.submission}"
    edit(
        postfix / "master.cf",
        ("smtp      inet", "#smtp     inet"),
        (
            "#" + SUBMISSION.replace("\n  ", "\n#  "),
            SUBMISSION.replace("submission", service, 1) + SUBMISSION_OPTIONS,
        ),
    )
    mailboxes = "".join(f"{address} x\n" for address in OLD_PASSWORDS)
    (postfix / "mailboxes").write_text(mailboxes)
    table = f"hash:{postfix}/mailboxes"
    postmap = servers.command("postmap", "-c", str(postfix), table)
    subprocess.run(postmap, check=True)
