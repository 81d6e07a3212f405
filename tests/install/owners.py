"""The mailboxes of the installation's tests, and what happens on the pages for them."""

import contextlib
import imaplib
import time
from dataclasses import dataclass

from tests.install import manual
from tests.install.installed import DOMAIN, Host

ADMINISTRATOR, ALICE, BOB = f"postmaster@{DOMAIN}", f"alice@{DOMAIN}", "bob@other.test"
WEB_PASSWORD = "a web password of Alice and of Bob"
POLICY = """
from accounts.models import Policy
Policy.objects.create(name="Staff")
"""
# What an owner does on the pages, with a code in between.
OWNER = f"""
import uuid
from django.db import transaction
from accounts.events import Actor
from accounts.models import Account, Cutoff
from clientpasswords import lifecycle
by = Actor("{ALICE}", "198.51.100.7")
alice = Account.objects.get(address="{ALICE}")
"""
SWITCH_ON = f"{OWNER}lifecycle.switch_on(alice, by=by)\n"
ISSUE = f"""{OWNER}
with transaction.atomic():
    owner = Account.objects.lock(alice.pk)
    print(lifecycle.create(owner, attempt=uuid.uuid4(), label="Phone", by=by).secret)
"""
DELETE = f"{OWNER}print(lifecycle.revoke(alice.client_passwords.all(), by=by))\n"
CONFIRMED = f"""{OWNER}
orders = Cutoff.objects.filter(account=alice, node="%s")
print(orders.filter(kicks__gte=1).exists(), Cutoff.objects.unconfirmed().count())
"""
NODE = "http://127.0.0.1:8080/doveadm/v1"
ENDED = 30.0  # seconds at most


@dataclass
class Owners:
    """Alice's security password, once she has one."""

    secret: str = ""


def bring_in(host: Host) -> Owners:
    """Make the first administrator, then a policy and two mailboxes, by the manual."""
    _, steps = manual.values_and_steps()
    create, _ = steps[-1].blocks
    questions = "Address: ", "Password: ", "Password (again): "
    answers = ADMINISTRATOR, WEB_PASSWORD, WEB_PASSWORD
    script = f"cd /opt/mailportal\n{create}"
    host.container.converse(script, list(zip(questions, answers, strict=True)))
    host.python(POLICY)
    hashed = host.container.run(f"doveadm pw -s ARGON2ID -p '{WEB_PASSWORD}'").strip()
    rows = "".join(f'{each},+12025550123,"{hashed}"\n' for each in (ALICE, BOB))
    host.container.write("/srv/mailboxes.csv", f"address,phone,password\n{rows}")
    host.manage("import_accounts /srv/mailboxes.csv --create-domains Staff")
    return Owners()


def assert_deleting_ends(mailbox: imaplib.IMAP4, host: Host, node: str = NODE) -> None:
    """Alice's passwords are deleted: her session ends, and the node confirms it."""
    mailbox.noop()

    assert host.python(DELETE) == "1"

    with contextlib.closing(mailbox.socket()) as line:
        line.settimeout(ENDED)
        with contextlib.suppress(ConnectionError):
            while line.recv(4096):
                pass
    deadline = time.monotonic() + ENDED
    while host.python(CONFIRMED % node) != "True 0":
        assert time.monotonic() < deadline, "the cut-off is not confirmed"
