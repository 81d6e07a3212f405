"""Steps that many tests of mail servers share."""

import imaplib
import os
import smtplib
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from accounts.events import Actor
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from deploy import servers
from deploy.mailhost import MailHost
from tests.mailserver.clients import imap_session
from tests.patience import PATIENCE

# Seconds until a session is closed whose right is gone: here the time is the rule.
AT_ONCE = 1.0
# Names and passwords that an attacker might type.
HOSTILE = [
    "' OR '1'='1",
    "'; DROP VIEW mail_logon; --",
    "alice@example.com'--",
    "\\' OR 1=1 --",
    "$1",
    "%u%w%{real_rip}",
    "${jndi:x}",
    "x" * 10_000,
    "\u00e4lice@example.com",
    "\u202ealice@example.com",
    "alice@example.com\n",
    "alice@example.com\t",
    "alice@example.com\0",
    "\0",
    '"alice"@example.com',
    "../../etc/passwd",
    "*",
    "",
    " ",
    '","outcome":"ok","x":"',
]


def doveadm(host: MailHost, *arguments: str) -> subprocess.CompletedProcess[str]:
    conf = str(host.dovecot_conf)
    command = servers.command("doveadm", "-c", conf, *arguments)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def refusal_of_sender(sender: str) -> tuple[int, bytes]:
    """Return what a client gets for a sender that is none of its logon's."""
    words = "Sender address rejected: this mailbox may not send from this address"
    return 553, f"5.7.1 <{sender}>: {words}".encode()


def is_closed(line: socket.socket) -> bool:
    """Whether the server hangs up within ten seconds."""
    line.settimeout(PATIENCE)
    try:
        while line.recv(4096):
            pass
    except TimeoutError:
        return False
    return True


def is_next_recipient_refused(session: smtplib.SMTP, sender: str) -> bool:
    """Whether Postfix refuses the session's next recipient."""
    session.mail(sender)
    code = session.rcpt(sender)[0]
    assert code in (250, 521)
    return code == 521


def subjects_in(mailbox: imaplib.IMAP4) -> list[str]:
    """Return the subjects of the messages in the inbox."""
    _, [count] = mailbox.select(readonly=True)
    if count == b"0":
        return []
    _, data = mailbox.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    lines = [part[1].decode() for part in data if isinstance(part, tuple)]
    return [line.partition("Subject:")[2].strip() for line in lines]


def wait_for_message(subject: str, host: MailHost, name: str, password: str) -> None:
    """Wait until a message with this subject is in the inbox; log on each time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with imap_session(host, name, password) as mailbox:
            if subject in subjects_in(mailbox):
                return
        assert time.monotonic() < deadline, "not delivered"
        time.sleep(0.1)


def wait_for_messages(wanted: set[str], mailbox: imaplib.IMAP4) -> None:
    """Wait until messages with these subjects are in the inbox."""
    deadline = time.monotonic() + PATIENCE
    while not wanted <= {*subjects_in(mailbox)}:
        assert time.monotonic() < deadline, "not delivered"
        time.sleep(0.1)


def children_of(host: MailHost) -> dict[int, str]:
    """Return the command of each running process that Dovecot has started."""
    master = int(host.socket("master.pid").read_text())
    found = {}
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        with suppress(OSError):  # it has ended meanwhile
            command = Path(f"/proc/{pid}/cmdline").read_text()
            found[int(pid)] = command.replace("\0", " ")
    return found


def cpu_seconds_of_auth(host: MailHost) -> float:
    """Return the processor seconds of the processes that decide logons."""
    master = int((Path(host.socket("master.pid"))).read_text())
    ticks = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition(") ")
        except (FileNotFoundError, ProcessLookupError):
            continue
        fields = rest.split()
        if int(fields[1]) == master and "auth" in name:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def revoke(client_password: ClientPassword) -> None:
    """Delete a client password as its owner does in the browser."""
    owner = Actor(client_password.account.address, "198.51.100.7", "")
    rows = ClientPassword.objects.filter(pk=client_password.pk)
    assert lifecycle.revoke(rows, by=owner) == 1


def seconds_until_closed(line: socket.socket) -> float:
    """Return the seconds until the server hangs up, which it must within ten."""
    start = time.monotonic()
    line.settimeout(PATIENCE)
    while line.recv(4096):
        pass
    return time.monotonic() - start
