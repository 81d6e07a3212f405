"""Guessing is limited, and the limits cannot be turned against the owner."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import pytest

from accounts.models import Account
from bench.authsocket import Logon, Verdict, ask
from clientpasswords.logon import sentences
from deploy.mailhost import MailHost
from tests import factories
from tests.environment import FOLDER
from tests.factories import PASSWORD
from tests.mailserver.clients import WEBMAIL, client_address, webmail_address
from tests.mailserver.conftest import Log
from tests.mailserver.sitehost import SiteHost
from tests.mailserver.steps import cpu_seconds_of_auth
from tests.mailserver.versions import DOVECOT

pytestmark = pytest.mark.mailserver

# What `deploy.render` lets a network try, for one account and for all of them.
AN_ACCOUNT, A_NETWORK, FAMILIAR = 10, 100, 10
ALICE, CAROL = "alice@example.com", "carol@example.com"


@dataclass(frozen=True)
class Try(Logon):
    """A logon whose real address is another one, if `real` tells it."""

    real: str = ""

    @cached_property
    def request(self) -> bytes:
        if not self.real:
            return super().request
        more = b"\tsecured\treal_rip=" + self.real.encode()
        return super().request.replace(b"\tsecured", more)


def with_one_worker(name: str, database_url: str) -> SiteHost:
    return SiteHost(
        FOLDER / name,
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
        dovecot=DOVECOT.one_worker,
    )


@pytest.fixture(scope="module")
def single(database_url: str) -> Iterator[MailHost]:
    """A mail host with one logon worker. Each test guesses from networks of its own."""
    with with_one_worker("guessing", database_url) as host:
        yield host


@pytest.fixture
def one_worker(host: MailHost, single: MailHost) -> MailHost:
    return single


@pytest.fixture
def fresh(host: MailHost, database_url: str) -> Iterator[MailHost]:
    """A mail host of its own, whose worker has told nobody anything yet."""
    with with_one_worker("tells", database_url) as fresh:
        yield fresh


@pytest.fixture
def log(one_worker: MailHost) -> Log:
    return Log(one_worker.dovecot_log)


@pytest.fixture
def carol(host: MailHost) -> Account:
    """Uses her web password in mail programs."""
    return factories.make_account(CAROL)


def verdict(host: MailHost, logon: Logon) -> Verdict:
    return ask(host.socket("auth-client"), [logon])[0]


def guess(host: MailHost, count: int, like: Try) -> None:
    """Try so many different wrong passwords."""
    numbers = range(count)
    guesses = [replace(like, password=f"guess {number}") for number in numbers]
    assert set(ask(host.socket("auth-client"), guesses)) == {Verdict.REFUSED}


def decisions(log: Log) -> list[tuple[str, bool]]:
    """The reason of each refusal, and whether the same was refused before."""
    lines = log.settled().splitlines()
    ours = [line.partition(": portal ")[2] for line in lines]
    found = [json.loads(each) for each in ours if each]
    return [(each["reason"], each["again"]) for each in found if each["reason"]]


def test_too_many_guesses_at_an_account_are_refused_from_there(
    one_worker: MailHost, log: Log, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, source=client_address())
    guess(one_worker, AN_ACCOUNT, here)

    assert verdict(one_worker, here) is Verdict.REFUSED
    assert decisions(log) == [
        *[("wrong-password", False)] * AN_ACCOUNT,
        ("too-many-guesses", False),
    ]


def test_one_guess_less_harms_nobody(one_worker: MailHost, carol: Account) -> None:
    here = Try(CAROL, PASSWORD, source=client_address())
    guess(one_worker, AN_ACCOUNT - 1, here)

    assert verdict(one_worker, here) is Verdict.OK


def test_the_owner_elsewhere_gets_in_and_so_do_others_from_there(
    one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, source=client_address())
    factories.make_account("dora@example.com")
    guess(one_worker, 3 * AN_ACCOUNT, here)

    assert verdict(one_worker, here) is Verdict.REFUSED
    elsewhere = replace(here, source=client_address())
    assert verdict(one_worker, elsewhere) is Verdict.OK
    assert verdict(one_worker, replace(here, name="dora@example.com")) is Verdict.OK


@pytest.mark.parametrize(
    ("source", "neighbour", "expected"),
    [
        ("2001:db8:77:1::1", "2001:db8:77:1:ffff::9", Verdict.REFUSED),
        ("2001:db8:77:2::1", "2001:db8:77:3::1", Verdict.OK),
    ],
)
def test_a_network_of_ipv6_is_what_one_customer_has(
    source: str, neighbour: str, expected: Verdict, one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, source=source)
    guess(one_worker, AN_ACCOUNT, here)

    assert verdict(one_worker, replace(here, source=neighbour)) is expected


def test_a_client_password_gets_in_whatever_others_do(
    one_worker: MailHost, log: Log, host: MailHost
) -> None:
    alice = factories.make_account(ALICE, client_passwords_on=True)
    secret = factories.make_client_password(alice)[1]
    here = Try(ALICE, secret, source=client_address())

    guess(one_worker, A_NETWORK + AN_ACCOUNT, here)

    assert decisions(log)[-1] == ("too-many-guesses", False)
    for protocol in ("imap", "pop3", "smtp"):
        assert verdict(one_worker, replace(here, service=protocol)) is Verdict.OK


def test_too_many_guesses_at_many_accounts_are_refused_from_there(
    one_worker: MailHost, log: Log, carol: Account
) -> None:
    factories.make_account("dora@example.com")
    here = Try(CAROL, PASSWORD, source=client_address())
    logons = [
        replace(here, name=f"nobody{number}@example.com") for number in range(A_NETWORK)
    ]
    ask(one_worker.socket("auth-client"), logons[1:])
    assert verdict(one_worker, here) is Verdict.OK
    ask(one_worker.socket("auth-client"), logons)

    dora = replace(here, name="dora@example.com")
    assert verdict(one_worker, dora) is Verdict.REFUSED
    assert decisions(log)[-1] == ("too-many-guesses", False)
    elsewhere = replace(dora, source=client_address())
    assert verdict(one_worker, elsewhere) is Verdict.OK


def test_an_old_phone_counts_once(
    one_worker: MailHost, log: Log, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, source=client_address())
    old = replace(here, password="her password of last year")
    ask(one_worker.socket("auth-client"), [old] * 3 * AN_ACCOUNT)

    assert verdict(one_worker, here) is Verdict.OK
    repeated = [again for _reason, again in decisions(log)]
    assert repeated == [False] + [True] * (3 * AN_ACCOUNT - 1)


def test_a_repeated_guess_buys_no_slow_hashes(
    one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, "wrong", source=client_address())
    before = cpu_seconds_of_auth(one_worker)
    guess(one_worker, AN_ACCOUNT - 1, Try(CAROL, "", source=client_address()))
    nine_hashes = cpu_seconds_of_auth(one_worker) - before

    before = cpu_seconds_of_auth(one_worker)
    ask(one_worker.socket("auth-client"), [here] * 100)

    assert cpu_seconds_of_auth(one_worker) - before < nine_hashes


def test_a_password_that_was_wrong_works_as_soon_as_it_is_right(
    one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, "her new password", source=client_address())
    ask(one_worker.socket("auth-client"), [here] * AN_ACCOUNT)

    carol.set_password("her new password")
    carol.save()

    assert verdict(one_worker, here) is Verdict.OK


def test_a_password_refused_by_the_policy_works_as_soon_as_it_may(
    one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, "smtp", client_address())
    for wanted in (True, False):
        Account.objects.filter(pk=carol.pk).update(client_passwords_on=wanted)
        ask(one_worker.socket("auth-client"), [here] * AN_ACCOUNT)

    assert verdict(one_worker, here) is Verdict.OK


def test_where_the_account_was_let_in_ten_times_as_many_are_taken(
    one_worker: MailHost, carol: Account
) -> None:
    here = Try(CAROL, PASSWORD, source=client_address())
    assert verdict(one_worker, here) is Verdict.OK
    guess(one_worker, FAMILIAR * AN_ACCOUNT - 1, here)

    assert verdict(one_worker, here) is Verdict.OK
    guess(one_worker, FAMILIAR * AN_ACCOUNT, here)
    assert verdict(one_worker, here) is Verdict.REFUSED


def test_a_webmail_is_not_locked_by_who_guesses_there(
    one_worker: MailHost, carol: Account
) -> None:
    there = Try(CAROL, PASSWORD, source=webmail_address())
    guess(one_worker, A_NETWORK + 1, there)

    assert verdict(one_worker, there) is Verdict.OK


def test_who_guesses_through_a_webmail_is_refused_by_the_address_it_tells(
    one_worker: MailHost, carol: Account
) -> None:
    webmail = webmail_address()
    guesser = Try(CAROL, PASSWORD, source=client_address(), real=webmail)
    guess(one_worker, AN_ACCOUNT, guesser)

    assert verdict(one_worker, guesser) is Verdict.REFUSED
    owner = replace(guesser, source=client_address())
    assert verdict(one_worker, owner) is Verdict.OK


def test_a_guesser_is_not_told_why_a_right_password_is_refused(
    fresh: MailHost, carol: Account
) -> None:
    log = Log(fresh.dovecot_log)
    Account.objects.filter(pk=carol.pk).update(client_passwords_on=True)
    sentences.store()
    here = Try(CAROL, PASSWORD, source=client_address())
    guess(fresh, AN_ACCOUNT, replace(here, service="smtp"))

    assert verdict(fresh, here) is Verdict.REFUSED
    assert decisions(log)[-1] == ("too-many-guesses", False)
    # Told why: an answer without a session.
    elsewhere = replace(here, source=client_address())
    assert verdict(fresh, elsewhere) is Verdict.OK
    assert decisions(log)[-1] == ("security-password-required", False)


def test_nothing_typed_is_in_the_log(
    one_worker: MailHost, log: Log, carol: Account
) -> None:
    guess(one_worker, AN_ACCOUNT + 1, Try(CAROL, "", source=client_address()))

    assert len(decisions(log)) == AN_ACCOUNT + 1
    assert "guess 0" not in log.settled()
