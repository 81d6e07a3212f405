"""Who has a right password that is refused is told why, and nobody else is."""

import imaplib
import json
import os
import poplib
import smtplib
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Account, MailSetting, Policy
from bench.authsocket import Logon, Verdict, ask
from clientpasswords.logon import sentences
from clientpasswords.refusals import BY_KEY, REFUSALS, REQUIRED
from deploy.mailhost import MailHost
from tests import factories
from tests.factories import PASSWORD
from tests.mailserver.clients import (
    Smtp,
    client_address,
    imap_session,
    log_on,
    pop3_session,
)
from tests.mailserver.conftest import Log, make_host
from tests.mailserver.steps import cpu_seconds_of_auth

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
OURS = ": portal {"
PAGE = "http://127.0.0.1:8000/settings/account-security/"


@pytest.fixture
def alice(host: MailHost) -> Account:
    """Needs a security password in mail programs."""
    sentences.store()
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def fresh(host: MailHost, database_url: str) -> Iterator[MailHost]:
    """A mail host of its own that has told nobody anything yet."""
    with make_host("told", database_url) as fresh:
        yield fresh


def imap_answer(host: MailHost, password: str, source: str | None = None) -> str:
    with (
        pytest.raises(imaplib.IMAP4.error) as refused,
        imap_session(host, ADDRESS, password, source),
    ):
        pass
    return str(refused.value)


def pop3_answer(host: MailHost, password: str, source: str | None = None) -> str:
    with (
        pytest.raises(poplib.error_proto) as refused,
        pop3_session(host, ADDRESS, password, source),
    ):
        pass
    return str(refused.value)


def smtp_answer(
    host: MailHost,
    password: str,
    mechanism: str = "plain",
    source: str | None = None,
) -> tuple[int, str]:
    client = Smtp(host.ports.submission, source)
    client.ehlo()
    client.user, client.password = ADDRESS, password
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.auth(mechanism, getattr(client, f"auth_{mechanism}"))
    client.close()
    assert isinstance(refused.value.smtp_error, bytes)
    return refused.value.smtp_code, refused.value.smtp_error.decode()


PAST = datetime(2026, 1, 1, tzinfo=UTC)
ELSEWHERE = "203.0.113.0/24"
# What makes a right security password be refused: of itself, its policy, its mailbox.
Change = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
REFUSED_BY: dict[str, Change] = {
    "revoked": ({"revoked_at": PAST}, {}, {}),
    "expired": ({"expires_at": PAST}, {}, {}),
    "out-of-scope": ({"imap": False, "smtp": False}, {}, {}),
    "out-of-scope by its networks": ({"networks": ELSEWHERE}, {}, {}),
    "suspended": ({}, {}, {"client_passwords_on": False}),
    "suspended-unused": (
        {"suspends_at": PAST},
        {"suspend_unused_days": 30, "uses_known_to": PAST},
        {},
    ),
    "protocol-off": ({}, {"imap": False, "smtp": False}, {}),
    "network-not-allowed": ({}, {"client_networks": ELSEWHERE}, {}),
    "third-party-logon-off": ({}, {"third_party_logon": False}, {}),
}


def test_every_reason_of_a_security_password_is_in_the_table() -> None:
    told = {each.key for each in REFUSALS if each.notice}

    assert {each.partition(" ")[0] for each in REFUSED_BY} == told - {REQUIRED.key}


@pytest.mark.parametrize("refused_by", REFUSED_BY)
def test_who_has_a_right_security_password_is_told_why_it_is_refused(
    refused_by: str, alice: Account, host: MailHost, dovecot_log: Log
) -> None:
    reason = refused_by.partition(" ")[0]
    of_password, of_policy, of_mailbox = REFUSED_BY[refused_by]
    row, secret = factories.make_client_password(alice, **of_password)
    wrong = secret[::-1]
    Policy.objects.update(**of_policy)
    Account.objects.update(**of_mailbox)
    notice = BY_KEY[reason].notice % {"page": PAGE}

    assert notice in imap_answer(host, secret)
    for mechanism in ("plain", "login"):
        code, text = smtp_answer(host, secret, mechanism)
        assert (code, notice in text) == (535, True)
    if not {**of_password, **of_policy}.get("smtp", True):  # but not POP3
        assert log_on("pop3", host, ADDRESS, secret) is Verdict.OK
    else:
        assert notice in pop3_answer(host, secret)
    assert "[AUTHENTICATIONFAILED]" in imap_answer(host, wrong)
    assert PAGE not in smtp_answer(host, wrong)[1]

    lines = dovecot_log.settled().splitlines()
    ours = [
        json.loads(each.partition(": portal ")[2]) for each in lines if OURS in each
    ]
    refused = [each for each in ours if each["reason"] == reason]
    assert {each["credential"] for each in refused} >= {row.pk}
    assert not [each for each in lines if "imap(alice" in each]


def test_a_right_security_password_of_a_disabled_mailbox_is_told_nothing(
    alice: Account, host: MailHost
) -> None:
    secret = factories.make_client_password(alice)[1]
    Account.objects.update(is_active=False)

    assert "[AUTHENTICATIONFAILED]" in imap_answer(host, secret)
    assert PAGE not in smtp_answer(host, secret)[1]


def test_a_program_that_tries_every_way_is_told_each_time(
    alice: Account, fresh: MailHost
) -> None:
    source = client_address()
    told = []
    for _ in range(3):
        told += [
            imap_answer(fresh, PASSWORD, source),
            smtp_answer(fresh, PASSWORD, "plain", source)[1],
            smtp_answer(fresh, PASSWORD, "login", source)[1],
            pop3_answer(fresh, PASSWORD, source),
        ]

    assert [PAGE in each for each in told] == [True] * 12


def test_a_password_that_opened_until_now_is_told_why_though_others_guess(
    alice: Account, fresh: MailHost
) -> None:
    """The hash that let it in was the last that was needed."""
    source = client_address()
    Account.objects.update(client_passwords_on=False)
    logons = [Logon(ADDRESS, PASSWORD, source=source)] * 40
    assert set(ask(fresh.socket("auth-client"), logons)) == {Verdict.OK}
    Account.objects.update(client_passwords_on=True)
    for number in range(40):
        ask(
            fresh.socket("auth-client"),
            [Logon(ADDRESS, f"guess {number}", source=client_address())],
        )

    assert PAGE in imap_answer(fresh, PASSWORD, source)
    assert "[AUTHENTICATIONFAILED]" in imap_answer(fresh, f"{PASSWORD}x", source)


def test_imap_says_why_the_right_web_password_is_refused(
    alice: Account, fresh: MailHost
) -> None:
    assert f"Use a security password here, not your web password: {PAGE}" in (
        imap_answer(fresh, PASSWORD)
    )


def test_imap_says_that_it_is_the_network(alice: Account, fresh: MailHost) -> None:
    Account.objects.update(client_passwords_on=False)
    factories.make_policy(client_networks="203.0.113.0/24")

    assert f"Mail programs cannot use your mailbox from this network: {PAGE}" in (
        imap_answer(fresh, PASSWORD)
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"third_party_logon": False}, "Mail programs are switched off for your"),
        ({"pop3": False}, "This protocol is switched off for your mailbox"),
    ],
)
def test_pop3_says_what_the_policy_has_switched_off(
    change: dict[str, bool], sentence: str, alice: Account, fresh: MailHost
) -> None:
    Policy.objects.update(**change)

    answer = pop3_answer(fresh, PASSWORD)

    assert sentence in answer
    assert answer.endswith(f": {PAGE}'")


@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_submission_says_why(mechanism: str, alice: Account, fresh: MailHost) -> None:
    code, text = smtp_answer(fresh, PASSWORD, mechanism)

    assert code == 535
    assert text.startswith("5.7.8 Error: authentication failed: Use a security")
    assert text.endswith(f" password here, not your web password: {PAGE}")


def test_the_owner_reads_it_in_a_language_of_theirs(
    alice: Account, fresh: MailHost
) -> None:
    alice.language = "de"
    alice.save()
    german = MailSetting.objects.get(name="notice:security-password-required:de").value
    assert not german.startswith("Use a security password")

    assert german in imap_answer(fresh, PASSWORD)


def test_a_wrong_password_is_never_told_apart(alice: Account, fresh: MailHost) -> None:
    assert "[AUTHENTICATIONFAILED]" in imap_answer(fresh, "not her password")
    assert "[AUTHENTICATIONFAILED]" in imap_answer(fresh, PASSWORD + " ")
    assert PAGE not in smtp_answer(fresh, "not her password")[1]


def test_whoever_is_told_has_no_session(alice: Account, fresh: MailHost) -> None:
    log = Log(fresh.dovecot_log)
    imap_answer(fresh, PASSWORD)

    log.wait_for('"outcome":"refused","reason":"security-password-required"')
    text = log.settled()
    assert "imap(alice" not in text


def test_who_is_told_by_submission_cannot_send(alice: Account, fresh: MailHost) -> None:
    client = Smtp(fresh.ports.submission)
    client.ehlo()
    client.user, client.password = ADDRESS, PASSWORD
    with pytest.raises(smtplib.SMTPAuthenticationError, match=PAGE):
        client.auth("PLAIN", client.auth_plain)

    client.mail(ADDRESS)
    code, text = client.rcpt(ADDRESS)
    assert (code, b"not logged in" in text) == (553, True)
    client.close()


def test_who_would_take_it_for_a_logon_is_told_nothing(
    alice: Account, fresh: MailHost
) -> None:
    """Postfix, where it asks Dovecot without the relay."""
    logon = Logon(ADDRESS, PASSWORD, "smtp", client_address())

    assert ask(fresh.socket("auth-client"), [logon]) == [Verdict.REFUSED]


def test_telling_is_bounded(alice: Account, fresh: MailHost) -> None:
    began = time.monotonic()
    told = sum(imap_answer(fresh, PASSWORD).count(PAGE) for _ in range(12))
    seconds = time.monotonic() - began

    # One for each worker, of which there are two a core, and one more each ten seconds.
    assert 1 <= told <= 2 * (os.cpu_count() or 1) * (1 + seconds / 10)


def test_guesses_cost_less_than_twenty_slow_hashes(
    alice: Account, fresh: MailHost
) -> None:
    """NIST's slow hash is not to be had for the asking.

    What every question costs, even one about a mailbox that is not there, is taken
    off: where the hash is computed by vectors, it is more than twenty of them.
    """
    alice_open = factories.make_account("open@example.com")
    asking(fresh, "nobody@example.com", 100)  # the workers have started

    slow = asking(fresh, alice_open.address, 60) - 0.06 * asking(
        fresh, "nobody@example.com", 1000
    )
    guessing = asking(fresh, ADDRESS, 1000) - asking(fresh, "nobody@example.com", 1000)

    assert guessing < slow / 3, (guessing, slow)


def asking(host: MailHost, address: str, times: int) -> float:
    """Seconds of processor time that so many wrong passwords cost, all different."""
    before = cpu_seconds_of_auth(host)
    guesses = [
        Logon(address, f"guess {number}", source=client_address())
        for number in range(times)
    ]
    assert set(ask(host.socket("auth-client"), guesses)) == {Verdict.REFUSED}
    return cpu_seconds_of_auth(host) - before
