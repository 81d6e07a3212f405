"""How soon after the click a deleted device is off: 100 deletes with live sessions.

The clock starts when the POST of the page's form is about to be sent.

*New logon refused.* From before the click on, a logon is begun every few milliseconds,
each from an address of its own. What counts is when a logon was begun and whether it
was let in, not when its answer came: Dovecot keeps a refusal back for up to half a
second, when it has long been decided. The figure is the begin of the first logon after
the last one that was let in, so that every logon begun from then on was refused.

*Session ended.* IMAP in IDLE and POP3: the connection is closed. Submission: the next
recipient is answered 521, asked for every few milliseconds.
"""

import math
import re
import selectors
import smtplib
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from itertools import count
from threading import Event, Thread

import pytest
import requests
from django.urls import reverse
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account, Cutoff
from bench.authsocket import AuthSocket, Logon, Verdict
from clientpasswords.models import ClientPassword
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    Imap,
    Pop3,
    imap_session,
    pop3_session,
    smtp_session,
)
from tests.patience import PATIENCE
from tests.signedin import sign_in_with_password

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ACCOUNTS, DEVICES = 10, 10
# Six telephones, two POP3 programs and two senders in every account.
PROTOCOLS = ["imap"] * 6 + ["pop3"] * 2 + ["smtp"] * 2
REFUSED_WITHIN, ENDED_WITHIN = 0.25, 1.0  # seconds, of 99 deletes in 100
PACE = 0.008  # seconds between two logons
AFTER = 0.3  # seconds of logons after the click was answered
Session = Imap | Pop3 | smtplib.SMTP
Begin = Callable[[MailHost, str, str], AbstractContextManager[Session]]
SESSIONS: dict[str, Begin] = {
    "imap": imap_session,
    "pop3": pop3_session,
    "smtp": smtp_session,
}

_addresses = count(1)


@dataclass
class Door:
    """Dovecot's decisions about many logons, as they were begun one by one."""

    connection: AuthSocket
    begun: dict[int, float] = field(default_factory=dict)
    verdicts: dict[int, Verdict] = field(default_factory=dict)

    def knock(self, device: "Device", numbers: list[int], stop: Event) -> None:
        """Begin one logon after the other; add their numbers to those."""
        while not stop.wait(PACE):
            address = next(_addresses)
            source = f"198.18.{address >> 8}.{address & 255}"
            logon = Logon(device.address, device.secret, device.protocol, source)
            now = time.monotonic()
            (number,) = self.connection.send([logon])
            self.begun[number] = now
            numbers.append(number)

    def wait_for_welcome(self, numbers: list[int]) -> None:
        """Wait until one of these was let in."""
        deadline = time.monotonic() + PATIENCE
        while Verdict.OK not in map(self.verdicts.get, list(numbers)):
            assert time.monotonic() < deadline, "nobody is let in"
            time.sleep(PACE)

    def listen(self) -> None:
        """Take down the answers until the connection is closed."""
        while True:
            try:
                self.verdicts.update(self.connection.receive())
            except OSError:
                return

    def refused_since(self, numbers: list[int]) -> float:
        """When the first logon began after which nobody was let in."""
        while not self.verdicts.keys() >= set(numbers):
            time.sleep(0.01)
        verdicts = [self.verdicts[number] for number in numbers]
        assert set(verdicts) == {Verdict.OK, Verdict.REFUSED}
        last = max(i for i, each in enumerate(verdicts) if each is Verdict.OK)
        assert last + 1 < len(numbers), "let in to the last"
        return self.begun[numbers[last + 1]]


@pytest.fixture
def door(host: MailHost) -> Iterator[Door]:
    with AuthSocket(host.socket("auth-client")) as connection:
        door = Door(connection)
        thread = Thread(target=door.listen)
        thread.start()
        yield door
        # Closing alone would not wake the thread up.
        with socket.socket(fileno=connection.fileno()) as line:
            line.shutdown(socket.SHUT_RDWR)
            line.detach()
        thread.join()


@dataclass
class Device:
    row: ClientPassword
    secret: str
    protocol: str
    end_of_session: Callable[[], float]

    @property
    def address(self) -> str:
        return self.row.account.address


class Closings(Thread):
    """Notes when each of many connections is closed by the other side."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._at: dict[int, float] = {}
        self._selector = selectors.DefaultSelector()

    def watch(self, line: socket.socket) -> Callable[[], float]:
        """Return what tells when this line was closed; it waits until then."""
        number = line.fileno()
        self._selector.register(line, selectors.EVENT_READ)

        def closed_at() -> float:
            deadline = time.monotonic() + PATIENCE
            while number not in self._at:
                assert time.monotonic() < deadline, "the session goes on"
                time.sleep(0.005)
            return self._at[number]

        return closed_at

    def run(self) -> None:
        while True:
            for key, _events in self._selector.select():
                assert isinstance(key.fileobj, socket.socket)
                if not key.fileobj.recv(65536):
                    self._at[key.fd] = time.monotonic()
                    self._selector.unregister(key.fileobj)


def refused_at(session: smtplib.SMTP, sender: str) -> float:
    """Name recipients until the session is closed; return when."""
    session.mail(sender)
    while (code := session.rcpt(sender)[0]) != 521:
        # 553 if the right went between Postfix's two questions: is this logon still
        # live, and may it send as this address? The next recipient finds it gone.
        assert code in (250, 553)
        time.sleep(PACE)
    return time.monotonic()


@pytest.fixture
def devices(host: MailHost) -> Iterator[list[Device]]:
    """All on line, each with its own password, those that can in IDLE."""
    closings = Closings()
    made = []
    with ExitStack() as stack:
        for number in range(ACCOUNTS):
            owner = f"owner{number}@example.com"
            account = factories.make_account(owner, client_passwords_on=True)
            for protocol in PROTOCOLS:
                row, secret = factories.make_client_password(account, protocol)
                session = stack.enter_context(SESSIONS[protocol](host, owner, secret))
                if isinstance(session, smtplib.SMTP):
                    end = _end_of_submission(session, owner)
                else:
                    _settle(session)
                    end = closings.watch(session.sock)
                made.append(Device(row, secret, protocol, end))
        closings.start()
        yield made


def _end_of_submission(session: smtplib.SMTP, sender: str) -> Callable[[], float]:
    return lambda: refused_at(session, sender)


def _settle(session: object) -> None:
    """IMAP waits for mail; nothing is left to be read."""
    if isinstance(session, Imap):
        session.select()
        session.send(b"x IDLE\r\n")
        assert session.readline() == b"+ idling\r\n"


class Browser:
    """The owner's, signed in; it sends what the page's form would."""

    def __init__(self, url: str, account: Account) -> None:
        client = sign_in_with_password(account)
        self._url = url
        self._session = requests.Session()
        self._session.cookies.set("session", client.cookies["session"].value)

    def delete(self, pk: int) -> Callable[[], float]:
        """Open the window; return what clicks, and says when that was."""
        page = self._url + reverse("clientpasswords:delete", args=[pk])
        text = self._session.get(page, timeout=PATIENCE).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', text)
        assert token is not None

        def click() -> float:
            data = {"csrfmiddlewaretoken": token[1]}
            now = time.monotonic()
            answer = self._session.post(
                page, data, timeout=PATIENCE, allow_redirects=False
            )
            assert answer.status_code == 302
            return now

        return click


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[math.ceil(share * len(values)) - 1]


def told(values: list[float]) -> str:
    half, most = (percentile(values, share) * 1000 for share in (0.5, 0.99))
    return f"p50 {half:.0f} ms, p99 {most:.0f} ms, longest {max(values) * 1000:.0f} ms"


@dataclass(frozen=True)
class Deleted:
    """When the click was, which logons were begun around it, when the session ended."""

    clicked: float
    knocks: list[int]
    ended: float


def delete(device: Device, browser: Browser, door: Door) -> Deleted:
    click = browser.delete(device.row.pk)
    numbers: list[int] = []
    stop = Event()
    with ThreadPoolExecutor(2) as pool:
        knocking = pool.submit(door.knock, device, numbers, stop)
        end = pool.submit(device.end_of_session)
        try:
            door.wait_for_welcome(numbers)
            clicked = click()
            stop.wait(AFTER)
        finally:
            stop.set()
        knocking.result()
        return Deleted(clicked, numbers, end.result())


def test_a_deleted_device_is_off_within_the_bound(
    live_server: LiveServer,
    host: MailHost,
    devices: list[Device],
    door: Door,
    record_property: Callable[[str, object], None],
) -> None:
    owners = {device.row.account for device in devices}
    browsers: Mapping[Account, Browser] = {
        owner: Browser(live_server.url, owner) for owner in owners
    }

    deleted = [delete(device, browsers[device.row.account], door) for device in devices]

    refused = [door.refused_since(each.knocks) - each.clicked for each in deleted]
    ended = [each.ended - each.clicked for each in deleted]
    record_property(
        f"new logon refused after the click, {len(refused)} deletes", told(refused)
    )
    record_property(f"session ended after the click, {len(ended)} deletes", told(ended))
    assert len(ended) == 100
    assert min(ended) > 0  # each by its own click
    assert percentile(refused, 0.99) <= REFUSED_WITHIN
    assert percentile(ended, 0.99) <= ENDED_WITHIN
    assert not Cutoff.objects.unconfirmed().exists()
