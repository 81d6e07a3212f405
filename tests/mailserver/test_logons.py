"""What may be typed, and what happens to everything else."""

import contextlib
import smtplib
import threading

import pytest
from django.db import connection

from accounts.models import Account
from bench.authsocket import Logon, Verdict, ask
from clientpasswords import passwords
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import client_address, log_on
from tests.mailserver.steps import HOSTILE
from tests.typedpasswords import OUTCOMES, TAKEN, typed_as

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

PROTOCOLS = ["imap", "pop3", "smtp"]
ADDRESS = "alice@example.com"


@pytest.fixture
def alice(host: MailHost) -> Account:
    """Needs a security password in mail programs."""
    return factories.make_account(ADDRESS, client_passwords_on=True)


@pytest.fixture
def secret(alice: Account) -> str:
    return factories.make_client_password(alice)[1]


@pytest.fixture
def carol(host: MailHost) -> Account:
    """Uses her web password in mail programs."""
    return factories.make_account("carol@example.com", password="aB- 3456 789\u00e9")


def verdicts(
    host: MailHost, typed: list[str], name: str = ADDRESS
) -> dict[str, Verdict]:
    """What each of these passwords gets."""
    logons = [Logon(name, each, source=client_address()) for each in typed]
    return dict(zip(typed, ask(host.socket("auth-client"), logons), strict=True))


def grouped(secret: str, blank: str) -> str:
    return blank.join(secret[i : i + 4] for i in range(0, 16, 4))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_password_is_taken_as_people_and_telephones_type_it(
    protocol: str, host: MailHost, secret: str
) -> None:
    for typed in (grouped(secret, " "), grouped(secret.upper(), "-"), f" {secret} "):
        assert log_on(protocol, host, ADDRESS, typed) is Verdict.OK


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_client_password_is_taken_or_refused_as_the_table_says(
    outcome: str, host: MailHost, secret: str
) -> None:
    typed = typed_as(secret, outcome)

    answers = verdicts(host, [*typed.values()])

    expected = Verdict.OK if outcome == TAKEN else Verdict.REFUSED
    assert {name: answers[text] for name, text in typed.items()} == dict.fromkeys(
        typed, expected
    )


def test_a_web_password_counts_exactly_as_typed(host: MailHost, carol: Account) -> None:
    right = "aB- 3456 789\u00e9"
    wrong = [
        "ab- 3456 789\u00e9",
        "aB3456789\u00e9",
        f"{right} ",
        "aB- 3456 789e\u0301",
    ]

    answers = verdicts(host, [right, *wrong], carol.address)

    assert [each for each in answers if answers[each] is Verdict.OK] == [right]


@pytest.mark.parametrize("looks_like", ["abcdefghijkmnpqr", "ABCD efgh-2345 6789"])
def test_a_web_password_may_look_like_a_client_password(
    looks_like: str, host: MailHost
) -> None:
    factories.make_account("dora@example.com", password=looks_like)

    answers = verdicts(host, [looks_like], "dora@example.com")

    assert answers[looks_like] is Verdict.OK


def test_a_web_password_with_the_selector_of_a_client_password_works(
    host: MailHost, alice: Account
) -> None:
    web = passwords.generate()
    alice.client_passwords_on = False
    alice.set_password(web)
    alice.save()
    row, _ = factories.make_client_password(alice)
    row.selector = passwords.selector(web)
    row.save()

    assert verdicts(host, [web])[web] is Verdict.OK


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_name_may_be_typed_in_capitals(
    protocol: str, host: MailHost, secret: str
) -> None:
    assert log_on(protocol, host, "Alice@EXAMPLE.com", secret) is Verdict.OK


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_login_name_of_a_device_is_not_a_user_name(
    protocol: str, host: MailHost, alice: Account
) -> None:
    row, secret = factories.make_client_password(alice)

    verdict = log_on(protocol, host, f"{ADDRESS}~{row.pk}", secret)

    assert verdict is Verdict.REFUSED


def test_ten_passwords_work_and_each_of_them_is_told_apart(
    host: MailHost, alice: Account
) -> None:
    secrets = [factories.make_client_password(alice)[1] for _ in range(10)]

    answers = verdicts(host, secrets)

    assert set(answers.values()) == {Verdict.OK}


def test_only_mail_programs_are_let_in(host: MailHost, secret: str) -> None:
    services = ["imap", "pop3", "smtp", "submission", "sieve", "lmtp", "xmpp"]

    logons = [Logon(ADDRESS, secret, each, client_address()) for each in services]
    answers = ask(host.socket("auth-client"), logons)

    let_in = dict(zip(services, answers, strict=True))
    assert [each for each in services if let_in[each] is Verdict.OK] == services[:5]


def test_an_account_without_a_web_password_cannot_use_one(host: MailHost) -> None:
    account = factories.make_account("erin@example.com")
    account.set_unusable_password()
    account.save()

    tried = [account.password, account.password[1:], "!", "", factories.PASSWORD]
    answers = verdicts(host, tried, account.address)

    assert set(answers.values()) == {Verdict.REFUSED}


def test_whatever_is_typed_is_refused_and_the_service_lives(
    host: MailHost, alice: Account, secret: str
) -> None:
    logons = [
        *(Logon(name, secret, source=client_address()) for name in HOSTILE),
        *(Logon(ADDRESS, typed, source=client_address()) for typed in HOSTILE),
    ]

    answers = ask(host.socket("auth-client"), logons)

    assert set(answers) == {Verdict.REFUSED}
    assert verdicts(host, [secret])[secret] is Verdict.OK


def test_web_passwords_of_all_characters_work(host: MailHost) -> None:
    """Refused above for what they were, not for how they look."""
    odd = [text for text in HOSTILE if text.strip() and text.isprintable()]
    for number, password in enumerate(odd):
        factories.make_account(f"u{number}@example.com", password=password)

    logons = [
        Logon(f"u{number}@example.com", password, source=client_address())
        for number, password in enumerate(odd)
    ]

    assert set(ask(host.socket("auth-client"), logons)) == {Verdict.OK}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [1_000, 10_000, 100_000])
def test_too_much_of_a_password_harms_nobody(
    protocol: str, size: int, host: MailHost, secret: str
) -> None:
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        assert log_on(protocol, host, ADDRESS, "x" * size) is Verdict.REFUSED

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("size", [1_000, 10_000])
def test_too_much_of_a_name_harms_nobody(
    protocol: str, size: int, host: MailHost, secret: str
) -> None:
    with contextlib.suppress(smtplib.SMTPServerDisconnected):
        assert log_on(protocol, host, "x" * size, secret) is Verdict.REFUSED

    assert log_on(protocol, host, ADDRESS, secret) is Verdict.OK


def test_writers_keep_nobody_from_logging_on(host: MailHost, secret: str) -> None:
    stop = threading.Event()

    def write() -> None:
        try:
            while not stop.is_set():
                Account.objects.update(name="somebody")
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        logons = [Logon(ADDRESS, secret, source=client_address())] * 200
        verdicts = ask(host.socket("auth-client"), logons)
    finally:
        stop.set()
        writer.join()

    assert set(verdicts) == {Verdict.OK}
