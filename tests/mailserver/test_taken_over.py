"""Web passwords that another program has hashed open the mail server and the portal."""

import subprocess

import pytest
from django.test import Client

from accounts.hashing import schemes
from accounts.models import Account
from bench.authsocket import Logon, Verdict, ask
from deploy import servers
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import client_address, log_on
from tests.takenover import HASHES, PASSWORD
from tests.unit.support import sign_in

pytestmark = pytest.mark.mailserver

PROTOCOLS = ["imap", "pop3", "smtp"]
ADDRESS = "erin@example.com"


def take_over(hash_: str) -> Account:
    account = factories.make_account(ADDRESS)
    account.password = schemes.convert_to_django(hash_)
    account.save()
    return account


def doveadm_pw(password: str, *arguments: str) -> str:
    command = servers.command("doveadm", "pw", *arguments, "-p", password)
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.parametrize("scheme", HASHES)
def test_it_logs_on_and_after_the_sign_in_by_our_own_hash(
    scheme: str, host: MailHost
) -> None:
    account = take_over(HASHES[scheme])

    for protocol in PROTOCOLS:
        assert log_on(protocol, host, ADDRESS, PASSWORD) is Verdict.OK
        assert log_on(protocol, host, ADDRESS, f"{PASSWORD} ") is not Verdict.OK
    assert sign_in(Client(), ADDRESS, PASSWORD).status_code == 302
    account.refresh_from_db()

    assert account.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert log_on("imap", host, ADDRESS, PASSWORD) is Verdict.OK
    assert log_on("imap", host, ADDRESS, f"{PASSWORD} ") is not Verdict.OK


@pytest.mark.parametrize("scheme", HASHES)
def test_so_does_what_doveadm_makes_now(scheme: str, host: MailHost) -> None:
    typed = "Gr\u00fcn \u2013 7 \u00c4pfel"
    take_over(doveadm_pw(typed, "-s", scheme))

    answers = ask(
        host.socket("auth-client"),
        [Logon(ADDRESS, each, source=client_address()) for each in (typed, "wrong")],
    )
    assert [each is Verdict.OK for each in answers] == [True, False]
    assert sign_in(Client(), ADDRESS, typed).status_code == 302


@pytest.mark.parametrize("scheme", HASHES)
def test_a_policy_that_requires_security_passwords_refuses_it(
    scheme: str, host: MailHost
) -> None:
    account = take_over(HASHES[scheme])
    account.client_passwords_on = True
    account.save()

    assert log_on("imap", host, ADDRESS, PASSWORD) is not Verdict.OK


@pytest.mark.parametrize("scheme", HASHES)
def test_what_is_written_is_what_doveadm_verifies(scheme: str) -> None:
    written = schemes.convert_to_dovecot(schemes.convert_to_django(HASHES[scheme]))

    assert written is not None
    assert "(verified)" in doveadm_pw(PASSWORD, "-t", written)
