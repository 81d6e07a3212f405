"""Networks that a policy names: real mail programs elsewhere are refused."""

import pytest
from pytest_django import Settings

from accounts.models import Account, Policy
from accounts.sessions import cutoffs
from bench.authsocket import Verdict
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    client_address,
    imap_session,
    log_on,
    pop3_session,
    smtp_session,
    webmail_address,
)
from tests.mailserver.conftest import Log
from tests.mailserver.steps import is_closed

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"
OFFICE = "127.1.0.0/16"  # where `client_address` is
ELSEWHERE = "127.4.0.{}"


@pytest.fixture(autouse=True)
def _cheap_web_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.unit.support.CheapHasher"]


@pytest.fixture
def secret(host: MailHost) -> str:
    factories.make_policy(client_networks=f"{OFFICE}, 2001:db8::/32")
    alice = factories.make_account(ADDRESS, client_passwords_on=True)
    return factories.make_client_password(alice)[1]


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_no_password_opens_from_elsewhere_but_the_webmails(
    protocol: str, host: MailHost, secret: str, dovecot_log: Log
) -> None:
    number = {"imap": 1, "pop3": 2, "smtp": 3}[protocol]
    elsewhere = ELSEWHERE.format(number)
    assert log_on(protocol, host, ADDRESS, secret, client_address()) is Verdict.OK
    assert log_on(protocol, host, ADDRESS, secret, elsewhere) is Verdict.REFUSED
    assert '"reason":"network-not-allowed"' in dovecot_log.settled()

    Account.objects.update(client_passwords_on=False)

    web = factories.PASSWORD
    elsewhere = ELSEWHERE.format(number + 10)
    assert log_on(protocol, host, ADDRESS, web, elsewhere) is Verdict.REFUSED
    assert log_on(protocol, host, ADDRESS, web, client_address()) is Verdict.OK
    assert log_on(protocol, host, ADDRESS, web, webmail_address()) is Verdict.OK


def test_sessions_from_elsewhere_end_when_the_policy_names_networks(
    host: MailHost, secret: str
) -> None:
    Policy.objects.update(client_networks="", networks_mark=0)
    with (
        imap_session(host, ADDRESS, secret, ELSEWHERE.format(40)) as imap,
        pop3_session(host, ADDRESS, secret, ELSEWHERE.format(41)) as pop3,
        smtp_session(host, ADDRESS, secret, ELSEWHERE.format(42)) as smtp,
    ):
        factories.make_policy(client_networks=OFFICE)
        cutoffs.review_sessions("*")
        cutoffs.deliver_due()

        assert is_closed(imap.sock)
        assert is_closed(pop3.sock)
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 521

    with smtp_session(host, ADDRESS, secret) as smtp:
        smtp.mail(ADDRESS)
        assert smtp.rcpt(ADDRESS)[0] == 250
