"""No logon counts as a success that the client was refused.

What takes so long here is the logon worker: it is stopped, as a machine stops that has
no processor or no memory left.
"""

import os
import signal
import smtplib
import time
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import SecurityEvent
from bench.authsocket import Verdict
from clientpasswords.models import KnownNetwork, Logon, Usage
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.factories import PASSWORD
from tests.mailserver.clients import WEBMAIL, Smtp, client_address, log_on
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import children_of
from tests.mailserver.versions import DOVECOT
from tests.patience import PATIENCE

pytestmark = pytest.mark.mailserver

ALICE, CAROL = "alice@example.com", "carol@example.com"
# Postfix says 454 after ten seconds, because the relay hangs up after eight.
GIVEN_UP = 9.9
IN_TIME, LATE = 3.0, 9.0


@pytest.fixture(scope="module")
def running_host(database_url: str) -> Iterator[MailHost]:
    """A mail host with one logon worker."""
    with SiteHost(
        FOLDER / "late",
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=DOVECOT.one_worker,
    ) as host:
        yield host


@pytest.fixture
def secrets(host: MailHost) -> dict[str, str]:
    """A right password of each: Alice's security password, Carol's web password."""
    follow(host)  # what earlier tests left in the log
    alice = factories.make_account(ALICE, client_passwords_on=True)
    factories.make_account(CAROL)
    return {ALICE: factories.make_client_password(alice)[1], CAROL: PASSWORD}


def follow(host: MailHost) -> None:
    call_command(
        "follow_logons", str(host.dovecot_log), "--node", "mx1", "--once", verbosity=0
    )


@contextmanager
def stopped_worker(host: MailHost) -> Iterator[None]:
    """Stop what decides logons; what is asked meanwhile waits for it."""
    assert log_on("imap", host, "nobody@example.com", "a guess") is Verdict.REFUSED
    workers = [pid for pid, command in children_of(host).items() if " -w" in command]
    assert len(workers) == 1
    os.kill(workers[0], signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(workers[0], signal.SIGCONT)


def wait_for(text: str, log: Log) -> None:
    deadline = time.monotonic() + PATIENCE
    while text not in log.text():
        assert time.monotonic() < deadline, log.text()
        time.sleep(0.05)


def authenticate(
    host: MailHost, address: str, password: str, mechanism: str, slowly: float = 0
) -> int:
    """Return the code that submission answers to a client that may type slowly."""
    client = Smtp(host.ports.submission)
    client.ehlo()
    client.user, client.password = address, password
    method = getattr(client, f"auth_{mechanism}")

    def typed(challenge: bytes | None = None) -> Any:
        time.sleep(slowly)
        return method(challenge)

    is_plain = mechanism == "plain"
    try:
        return client.auth(mechanism, typed, initial_response_ok=is_plain)[0]
    except smtplib.SMTPAuthenticationError as error:
        return error.smtp_code
    finally:
        client.close()


def asked(
    calls: ThreadPoolExecutor, host: MailHost, secrets: dict[str, str], who: str
) -> Future[int]:
    return calls.submit(authenticate, host, who, secrets[who], "plain")


@pytest.mark.parametrize("mechanism", ["plain", "login"])
@pytest.mark.parametrize("who", [ALICE, CAROL])
def test_a_logon_that_was_refused_for_now_is_none(
    who: str,
    mechanism: str,
    host: MailHost,
    dovecot_log: Log,
    secrets: dict[str, str],
) -> None:
    with stopped_worker(host):
        start = time.monotonic()
        code = authenticate(host, who, secrets[who], mechanism)
        assert (code, time.monotonic() - start < GIVEN_UP) == (454, True)

    wait_for('"outcome":"temporary","reason":"too-late"', dovecot_log)
    assert nothing_was_noted(host, dovecot_log)
    assert authenticate(host, who, secrets[who], mechanism) == 235
    wait_for('"outcome":"ok"', dovecot_log)


def nothing_was_noted(host: MailHost, log: Log) -> bool:
    assert '"outcome":"ok"' not in log.settled()
    follow(host)
    kinds = (SecurityEvent.Kind.FIRST_USED, SecurityEvent.Kind.NEW_NETWORK)
    return not (
        Logon.objects.exists()
        or Usage.objects.exists()
        or KnownNetwork.objects.exists()
        or SecurityEvent.objects.filter(kind__in=kinds).exists()
    )


def test_a_client_that_has_hung_up_is_no_logon_either(
    host: MailHost, dovecot_log: Log, secrets: dict[str, str]
) -> None:
    client = Smtp(host.ports.submission)
    client.ehlo()
    with stopped_worker(host):
        response = b64encode(f"\0{ALICE}\0{secrets[ALICE]}".encode())
        client.putcmd("AUTH PLAIN", response.decode())
        time.sleep(1)
        client.close()
        time.sleep(LATE)

    wait_for('"outcome":"temporary","reason":"too-late"', dovecot_log)
    assert nothing_was_noted(host, dovecot_log)


@pytest.mark.parametrize("who", [ALICE, CAROL])
def test_who_had_to_wait_for_less_is_let_in_and_counts(
    who: str, host: MailHost, dovecot_log: Log, secrets: dict[str, str]
) -> None:
    with ThreadPoolExecutor() as calls:
        with stopped_worker(host):
            answer = asked(calls, host, secrets, who)
            time.sleep(IN_TIME)
        assert answer.result() == 235

    wait_for('"outcome":"ok"', dovecot_log)
    follow(host)
    assert Logon.objects.filter(reason="").count() == 1


def test_how_long_somebody_types_does_not_count(
    host: MailHost, dovecot_log: Log, secrets: dict[str, str]
) -> None:
    assert authenticate(host, ALICE, secrets[ALICE], "login", slowly=LATE) == 235


def test_a_relay_that_is_killed_is_a_temporary_failure_and_comes_back(
    host: MailHost, secrets: dict[str, str]
) -> None:
    """And Postfix needs no restart."""
    before = Smtp(host.ports.submission)
    before.ehlo()
    with ThreadPoolExecutor() as calls, stopped_worker(host):
        cut_off = asked(calls, host, secrets, ALICE)
        time.sleep(1)
        host.relay.kill()
        host.relay.wait()
        assert cut_off.result(timeout=PATIENCE) == 454
        meanwhile = asked(calls, host, secrets, ALICE)
        time.sleep(1)
        host.start_relay()
    assert meanwhile.result(timeout=PATIENCE) == 235

    assert authenticate(host, ALICE, secrets[ALICE], "plain") == 235
    before.user, before.password = ALICE, secrets[ALICE]
    assert before.auth("PLAIN", before.auth_plain)[0] == 235
    before.close()


def test_a_dovecot_that_was_restarted_is_asked_again(
    host: MailHost, secrets: dict[str, str]
) -> None:
    client = Smtp(host.ports.submission, client_address())
    client.ehlo()
    client.user, client.password = ALICE, secrets[ALICE]

    for pid, command in children_of(host).items():
        if command.startswith("dovecot/auth") and " -w" not in command:
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while Path(f"/proc/{pid}").exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)

    assert client.auth("PLAIN", client.auth_plain)[0] == 235
    client.close()
