"""The configuration of a mail host with Debian 12's packages and a table of users.

The packages' own files with the few changes that every such host has, on private ports.
"""

import shutil
import sqlite3
import subprocess
from pathlib import Path

from deploy.values import Ports

DOVECOT_FILES = Path("/usr/share/dovecot")
POSTFIX_FILES = Path("/usr/share/postfix")

# What the table of users says. Everybody has the same quota, in KiB.
QUOTA = 12345
OLD_PASSWORDS = {
    "alice@x.example": "old password of Alice",
    "bob@x.example": "old password of Bob",
    "old@y.example": "old password of the other domain",
}
MASTER, MASTER_PASSWORD = "admin", "password of the master"

# What the users may be in: a file, a database, or a file beside a rule for their homes.
TABLES = {
    "passwd-file": "auth-passwdfile",
    "SQL": "auth-sql",
    "rules": "auth-passwdfile",
}
RULE = "  driver = static\n  args = uid=mail gid=mail home={mail}/%d/%n\n"

# What is uncommented in 10-master.conf: the socket for Postfix.
SOCKET = """  unix_listener /var/spool/postfix/private/auth {
    mode = 0666
  }"""

# What is uncommented in master.cf.
SUBMISSION = """submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
"""
SUBMISSION_OPTIONS = """  -o smtpd_sasl_auth_enable=yes
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
"""

SQL = """
driver = sqlite
connect = {folder}/users.sqlite3
password_query = SELECT userid AS user, password FROM users WHERE userid = '%u'
user_query = \\
  SELECT home, uid, gid, quota_rule \\
  FROM users WHERE userid = '%u'
"""

# What the administrator has added.
SITE = """
mail_plugins = quota acl
protocol imap {
  mail_plugins = $mail_plugins imap_quota imap_acl
}
plugin {
  quota = count:User quota
  quota_vsizes = yes
  acl = vfile
}
namespace inbox {
  separator = /
}
namespace {
  type = shared
  separator = /
  prefix = shared/%%u/
  location = maildir:%%h/Maildir:INDEXPVT=~/shared/%%u
  subscriptions = no
  list = children
}
"""

# What a private instance needs, and nothing that a test is about.
PRIVATE = """
base_dir = {base}
state_dir = {folder}/state
instance_name = {name}
log_path = {folder}/dovecot.log
listen = 127.0.0.1
protocols = imap pop3 lmtp
disable_plaintext_auth = no
auth_failure_delay = 0 secs
first_valid_uid = 1
service imap-login {{
  inet_listener imap {{
    port = {ports.imap}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {ports.pop3}
  }}
  inet_listener pop3s {{
    port = 0
  }}
}}
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
    """Replace what stands in a file once at the start of a line."""
    text = path.read_text()
    for old, new in changes:
        assert text.count(f"\n{old}") == 1, (path, old)
        text = text.replace(f"\n{old}", f"\n{new}")
    path.write_text(text)


def configure_dovecot(folder: Path, base: Path, table: str, ports: Ports) -> None:
    """Write `folder`/dovecot. `table` is a key of TABLES."""
    dovecot = folder / "dovecot"
    shutil.copytree(DOVECOT_FILES / "conf.d", dovecot / "conf.d")
    shutil.copy(DOVECOT_FILES / "dovecot.conf", dovecot)
    for path in (dovecot / "conf.d").iterdir():
        path.write_text(path.read_text().replace("/etc/dovecot/", f"{dovecot}/"))
    edit_conf_d(dovecot / "conf.d", folder, TABLES[table])
    if table == "rules":
        path = dovecot / "conf.d" / "auth-passwdfile.conf.ext"
        passdb, _, _ = path.read_text().partition("\nuserdb {")
        rule = RULE.format(mail=folder / "mail")
        path.write_text(f"{passdb}\nuserdb {{\n{rule}}}\n")
    (dovecot / "conf.d" / "91-site.conf").write_text(SITE)
    words = {"folder": folder, "base": base, "name": base.parent.name, "ports": ports}
    (dovecot / "local.conf").write_text(PRIVATE.format(**words))
    (dovecot / "master-users").write_text(f"{MASTER}:{{PLAIN}}{MASTER_PASSWORD}\n")
    fill_table(dovecot, folder / "mail")


def edit_conf_d(conf_d: Path, folder: Path, passwords: str) -> None:
    """Mend what the package brings as somebody does who sets a mail host up."""
    edit(
        conf_d / "10-auth.conf",
        ("!include auth-system", "#!include auth-system"),
        (f"#!include {passwords}", f"!include {passwords}"),
        ("#!include auth-master", "!include auth-master"),
        ("#auth_master_user_separator =", "auth_master_user_separator = *"),
        ("auth_mechanisms = plain", "auth_mechanisms = plain login"),
        ("#auth_cache_size = 0", "auth_cache_size = 10 M"),
    )
    queue = folder / "queue" / "private"
    location = f"maildir:{folder}/mail/%d/%n/Maildir"
    edit(
        conf_d / "10-mail.conf",
        ("mail_location = ", f"mail_location = {location}\n# "),
    )
    edit(
        conf_d / "10-master.conf",
        (
            SOCKET.replace("  ", "  #", 1).replace("\n  ", "\n  #"),
            SOCKET.replace("/var/spool/postfix", f"{folder}/queue"),
        ),
        (
            "  unix_listener lmtp {",
            f"  unix_listener {queue}/dovecot-lmtp {{\n    user = postfix",
        ),
    )
    edit(
        conf_d / "10-ssl.conf",
        ("ssl = yes", "ssl = no"),
        ("ssl_cert = ", "#ssl_cert = "),
        ("ssl_key = ", "#ssl_key = "),
    )


def fill_table(dovecot: Path, mail: Path) -> None:
    """Write the users, as a file and as an SQLite database."""
    rows = [
        (name, f"{{PLAIN}}{password}", str(home_of(mail, name)))
        for name, password in OLD_PASSWORDS.items()
    ]
    rule = f"*:storage={QUOTA}"
    lines = [
        f"{name}:{password}:mail:mail::{home}::userdb_quota_rule={rule}\n"
        for name, password, home in rows
    ]
    (dovecot / "users").write_text("".join(lines))
    database = sqlite3.connect(dovecot / "users.sqlite3")
    with database:
        database.execute(
            "CREATE TABLE users (userid, password, home, uid, gid, quota_rule)"
        )
        database.executemany(
            "INSERT INTO users VALUES (?, ?, ?, 'mail', 'mail', ?)",
            [(*row, rule) for row in rows],
        )
    database.close()
    (dovecot / "dovecot-sql.conf.ext").write_text(SQL.format(folder=dovecot))


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
    stock = (POSTFIX_FILES / "main.cf.debian").read_text()
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
    postmap = ["postmap", "-c", str(postfix), f"hash:{postfix}/mailboxes"]
    subprocess.run(postmap, check=True)
