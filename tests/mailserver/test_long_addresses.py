"""However long an address is, what a mail server tells is told of its owner.

Dovecot cuts names in its log at 64 bytes; an address may have 254. Beside every owner
here is somebody whose address differs in its last letters alone.
"""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.db.models import F, Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.events import Actor, Kind
from accounts.models import Account, Cutoff, Policy
from accounts.notify import queue
from accounts.sessions import cutoffs
from bench.authsocket import Logon, Verdict, ask
from clientpasswords import lifecycle
from clientpasswords.lifetimes import inactivity
from clientpasswords.models import ClientPasswordQuerySet, FollowedLog
from clientpasswords.usage.follower import Follower
from deploy.mailhost import MailHost
from tests import factories
from tests.longaddresses import LENGTHS, address_of, columns_that_cut
from tests.mailserver.clients import (
    Lmtp,
    Smtp,
    client_address,
    imap_session,
    log_on,
    pop3_session,
    smtp_session,
)
from tests.mailserver.steps import doveadm, is_closed, is_next_recipient_refused
from tests.patience import PATIENCE
from tests.signedin import sign_in_verified

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

PROTOCOLS = ["imap", "pop3", "smtp"]
MONTH = timedelta(days=30)


@dataclass(frozen=True)
class Mailbox:
    """An account with a security password for each protocol."""

    account: Account
    secrets: dict[str, str]

    @property
    def address(self) -> str:
        return self.account.address

    @property
    def told(self) -> list[str]:
        """What happened to it, as its events say."""
        events = self.account.security_events.order_by("pk")
        return list(events.values_list("kind", flat=True))


def make(address: str) -> Mailbox:
    account = factories.make_account(address, client_passwords_on=True)
    made = timezone.now() - MONTH
    secrets = {
        each: factories.make_client_password(account, each, created_at=made)[1]
        for each in PROTOCOLS
    }
    return Mailbox(account, secrets)


@pytest.fixture(autouse=True)
def _few_guesses(settings: Settings) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 3


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture(params=LENGTHS)
def length(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def start(numbers: Iterator[int]) -> str:
    """How both addresses begin, and none of which the log told before."""
    return f"n{next(numbers)}"


@pytest.fixture
def neighbour(host: MailHost, start: str, length: int) -> Mailbox:
    return make(address_of(start, length, ".example.net"))


@pytest.fixture
def owner(
    host: MailHost, neighbour: Mailbox, start: str, length: int
) -> Iterator[Mailbox]:
    """Whom this is about; and nothing that was written has a part of an address."""
    made = make(address_of(start, length, ".example.com"))
    assert len(made.address.encode()) == length
    yield made
    assert columns_that_cut(made.address, neighbour.address) == set()


@pytest.fixture
def read(host: MailHost, owner: Mailbox) -> Callable[[int], None]:
    """Follow the log until the owner is known to have logged on so many times."""
    path = host.dovecot_log
    began = timezone.now() - 3 * MONTH
    FollowedLog.objects.create(node="mx1", path=str(path), began_at=began)

    def follow(count: int) -> None:
        known = owner.account.logons.aggregate
        deadline = time.monotonic() + PATIENCE
        with closing(Follower(path, "mx1")) as reader:
            while known(times=Sum("count"))["times"] != count:
                assert time.monotonic() < deadline, "the log does not tell of them"
                reader.poll()
                reader.flush()

    return follow


@pytest.fixture
def administrator(host: MailHost) -> Client:
    return sign_in_verified(
        Account.objects.create_superuser("admin@example.org", "any")
    )


def test_uses_are_known_as_its_owners_and_are_uses(
    host: MailHost, owner: Mailbox, neighbour: Mailbox, read: Callable[[int], None]
) -> None:
    factories.make_policy(suspend_unused_days=30)
    for protocol, secret in owner.secrets.items():
        assert log_on(protocol, host, owner.address, secret) is Verdict.OK

    read(len(PROTOCOLS))
    inactivity.review()

    used = owner.account.client_passwords.filter(usage__protocol=F("label"))
    assert used.filter(suspends_at=None).count() == len(PROTOCOLS)
    assert owner.told == [Kind.FIRST_USED] * len(PROTOCOLS)
    unused = neighbour.account.client_passwords.filter(usage=None)
    assert unused.exclude(suspends_at=None).count() == len(PROTOCOLS)
    assert neighbour.told == [Kind.SUSPENDS_SOON] * len(PROTOCOLS)


def test_refusals_are_told_its_owner_and_shown_to_administrators(
    host: MailHost,
    owner: Mailbox,
    neighbour: Mailbox,
    read: Callable[[int], None],
    administrator: Client,
) -> None:
    deleted = factories.make_client_password(owner.account, revoked_at=timezone.now())
    typed = ["a guess", "another", "a third", factories.PASSWORD, deleted[1]]
    for protocol, password in zip((PROTOCOLS * 2)[1:], typed, strict=True):
        logon = Logon(owner.address, password, protocol, client_address())
        assert ask(host.socket("auth-client"), [logon]) == [Verdict.REFUSED]

    read(len(typed))

    assert sorted(owner.told) == sorted([Kind.GUESSED, Kind.REVOKED_TRIED])
    assert neighbour.told == []
    page = reverse("admin:accounts_account_why", args=[owner.account.pk])
    shown = administrator.get(page)
    assert [each.reason for each in shown.context["attempts"]] == [
        "revoked",
        *["security-password-required"] * 4,
    ]
    assert owner.address in shown.content.decode()


def test_its_owner_is_told_by_mail(owner: Mailbox) -> None:
    rows = owner.account.client_passwords.filter(label="imap")
    assert isinstance(rows, ClientPasswordQuerySet)
    lifecycle.revoke(rows, by=Actor(owner.address))

    assert queue.deliver_due() == 1

    (letter,) = mail.outbox
    assert isinstance(letter, EmailMessage)
    assert letter.to == [owner.address]
    sent = message_from_bytes(letter.message().as_bytes(), policy=policy.SMTP)
    assert sent["To"] == owner.address
    assert owner.address in letter.body


def test_a_deleted_password_ends_its_sessions_and_no_others(
    host: MailHost, owner: Mailbox, neighbour: Mailbox
) -> None:
    with ExitStack() as stack:
        enter, phone, tablet = stack.enter_context, "imap", "pop3"
        secret = owner.secrets[phone]
        imap = enter(imap_session(host, owner.address, secret))
        pop3 = enter(pop3_session(host, owner.address, secret))
        smtp = enter(smtp_session(host, owner.address, secret))
        other = enter(imap_session(host, owner.address, owner.secrets[tablet]))
        next_door = neighbour.address, neighbour.secrets[phone]
        beside = enter(imap_session(host, *next_door))
        rows = owner.account.client_passwords.filter(label=phone)
        assert isinstance(rows, ClientPasswordQuerySet)

        lifecycle.revoke(rows, by=Actor(owner.address))

        assert is_closed(imap.sock)
        assert is_closed(pop3.sock)
        assert is_next_recipient_refused(smtp, owner.address)
        assert other.noop()[0] == "OK"
        assert beside.noop()[0] == "OK"
        assert log_on("imap", host, owner.address, secret) is Verdict.REFUSED
        assert Cutoff.objects.filter(kicks=0).count() == 0


def test_one_protocol_ends_alone(host: MailHost, owner: Mailbox) -> None:
    secret, here = owner.secrets["imap"], client_address()
    with (
        imap_session(host, owner.address, secret, here) as imap,
        pop3_session(host, owner.address, secret, here) as pop3,
        smtp_session(host, owner.address, secret, here) as smtp,
    ):
        # Dovecot lists a session a moment after it has begun.
        assert imap.noop()[0] == "OK"
        assert pop3.noop().startswith(b"+OK")
        time.sleep(1)
        Policy.objects.update(pop3=False)
        cutoffs.review_account(owner.account)

        assert is_closed(pop3.sock)
        assert imap.noop()[0] == "OK"
        assert not is_next_recipient_refused(smtp, owner.address)


def test_it_sends_and_receives_mail(
    host: MailHost, owner: Mailbox, neighbour: Mailbox
) -> None:
    with Smtp(host.ports.submission) as client:
        client.ehlo()
        client.user, client.password = owner.address, owner.secrets["smtp"]
        client.auth("LOGIN", client.auth_login)  # PLAIN is above
        subject = f"sent-{time.monotonic()}"
        letter = f"Subject: {subject}\r\n\r\nHello.\r\n"
        client.sendmail(owner.address, [owner.address, neighbour.address], letter)

    for each in (owner, neighbour):
        with imap_session(host, each.address, each.secrets["imap"]) as imap:
            deadline = time.monotonic() + PATIENCE
            imap.select()
            while not imap.search(None, "SUBJECT", subject)[1][0]:
                assert time.monotonic() < deadline, "it does not arrive"
                time.sleep(0.2)
                imap.noop()


def test_it_is_found_by_its_login_names(host: MailHost, owner: Mailbox) -> None:
    pk = owner.account.client_passwords.earliest("pk").pk
    for name in (owner.address, f"{owner.address}~{pk}", f"{owner.address}~{pk}.1"):
        home = doveadm(host, "user", "-f", "home", name).stdout.strip()
        assert home == f"{host.folder}/mail/{owner.address}"
    with Lmtp(str(host.socket("lmtp"))) as client:
        refused = client.sendmail("friend@x.org", owner.address, "Subject: x\r\n\r\n")
    assert refused == {}
