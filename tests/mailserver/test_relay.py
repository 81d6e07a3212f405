"""The relay with the real Dovecot behind it, under many smtpd."""

import contextlib
import socket

import pytest

from bench.authsocket import AuthSocket, Logon, Verdict
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import client_address
from tests.mailserver.outages import no_database

pytestmark = pytest.mark.mailserver

MANY = 500
ADDRESSES = 20


@pytest.fixture
def secrets(host: MailHost) -> list[tuple[str, str]]:
    """Addresses, each with a security password of its own."""
    made = []
    for number in range(ADDRESSES):
        account = factories.make_account(
            f"u{number}@example.com", client_passwords_on=True
        )
        made.append((account.address, factories.make_client_password(account)[1]))
    return made


class Named(AuthSocket):
    """One that also says whom it was let in as."""

    def answers(self, count: int) -> dict[int, bytes]:
        """Return the whole line of each answer by its question's number."""
        lines: dict[int, bytes] = {}
        while len(lines) < count:
            for line in self._lines():
                lines[int(line.split(b"\t")[1])] = line
        return lines


def test_five_hundred_smtpd_hear_each_their_own_answers(
    host: MailHost, secrets: list[tuple[str, str]]
) -> None:
    _, door = host.relay_files()
    with contextlib.ExitStack() as open_:
        smtpd = [open_.enter_context(Named(door)) for _ in range(MANY)]
        asked = []
        for number, each in enumerate(smtpd):
            address, secret = secrets[number % ADDRESSES]
            here = client_address()
            right = Logon(address, secret, "smtp", here)
            wrong = Logon(address, "a guess", "smtp", here)
            asked.append(each.send([right, wrong]))

        for number, (each, (right_one, wrong_one)) in enumerate(
            zip(smtpd, asked, strict=True)
        ):
            lines = each.answers(2)
            name = secrets[number % ADDRESSES][0].encode()
            assert lines[right_one].startswith(b"OK\t%d\tuser=%b~" % (right_one, name))
            assert lines[wrong_one].startswith(b"FAIL\t%d\tuser=%b" % (wrong_one, name))


def test_five_hundred_smtpd_hear_that_the_database_is_away(
    host: MailHost, secrets: list[tuple[str, str]]
) -> None:
    _, door = host.relay_files()
    with contextlib.ExitStack() as open_:
        smtpd = [open_.enter_context(Named(door)) for _ in range(MANY)]
        with no_database():
            for number, each in enumerate(smtpd):
                address, secret = secrets[number % ADDRESSES]
                each.send([Logon(address, secret, "smtp", client_address())])
            for each in smtpd:
                with pytest.raises(ConnectionResetError):
                    each.receive()

    with Named(door) as again:
        again.send([Logon(*secrets[0], "smtp", client_address())])
        assert [verdict for _, verdict in again.receive()] == [Verdict.OK]


def test_a_relay_whose_every_question_is_nonsense_stays(
    host: MailHost, secrets: list[tuple[str, str]]
) -> None:
    _, door = host.relay_files()
    for nonsense in (b"AUTH\n", b"\n\n\n", b"CONT\t1\n", b"\xff\x00" * 40_000, b"OK\t"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(door))
            with contextlib.suppress(OSError):
                line.sendall(b"VERSION\t1\t2\nCPID\t1\n" + nonsense)
                line.settimeout(1)
                while line.recv(65536):
                    pass

    with Named(door) as again:
        again.send([Logon(*secrets[0], "smtp", client_address())])
        assert [verdict for _, verdict in again.receive()] == [Verdict.OK]
