"""Who knows the web password is told why a mail program may not use it."""

import imaplib
import os
import poplib
import smtplib
import time
from collections.abc import Iterator

import pytest

from accounts.models import Account, MailSetting, Policy
from bench.authsocket import Logon, Verdict, ask
from clientpasswords.logon import sentences
from deploy.mailhost import MailHost
from tests import factories
from tests.factories import PASSWORD
from tests.mailserver.clients import Smtp, client_address, imap_session, pop3_session
from tests.mailserver.conftest import make_host
from tests.mailserver.steps import cpu_seconds_of_auth

pytestmark = pytest.mark.mailserver

ADDRESS = "alice@example.com"
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


def imap_answer(host: MailHost, password: str) -> str:
    with (
        pytest.raises(imaplib.IMAP4.error) as refused,
        imap_session(host, ADDRESS, password),
    ):
        pass
    return str(refused.value)


def smtp_answer(
    host: MailHost, password: str, mechanism: str = "plain"
) -> tuple[int, str]:
    client = Smtp(host.ports.submission)
    client.ehlo()
    client.user, client.password = ADDRESS, password
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        client.auth(mechanism, getattr(client, f"auth_{mechanism}"))
    client.close()
    assert isinstance(refused.value.smtp_error, bytes)
    return refused.value.smtp_code, refused.value.smtp_error.decode()


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

    with (
        pytest.raises(poplib.error_proto) as refused,
        pop3_session(fresh, ADDRESS, PASSWORD),
    ):
        pass

    assert sentence in str(refused.value)
    assert str(refused.value).endswith(f": {PAGE}'")


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
    imap_answer(fresh, PASSWORD)

    text = fresh.dovecot_log.read_text()
    assert '"outcome":"refused","reason":"security-password-required"' in text
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
