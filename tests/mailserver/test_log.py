"""One line a decision in Dovecot's log, and nothing in it that must not be there."""

import base64
import json
from dataclasses import dataclass

import pytest
from django.utils import timezone

from accounts.models import Account, Policy
from bench.authsocket import Logon, ask
from clientpasswords import passwords
from clientpasswords.models import ClientPassword
from clientpasswords.usage.dovecotlog import parse_line
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import client_address, log_on, webmail_address
from tests.mailserver.conftest import Log
from tests.mailserver.steps import HOSTILE
from tests.mailserver.versions import DOVECOT

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ADDRESS = "alice@example.com"

# What else a line says of the web password: wrong, whether the same was heard before;
# right, whether through the webmail.
BY_WEB_PASSWORD: dict[bool, dict[str, object]] = {
    True: {"again": False},
    False: {"webmail": False},
}


@dataclass(frozen=True)
class Line:
    user: str
    source: str
    decision: dict[str, object]


def lines_of(log: Log) -> list[Line]:
    """Return the decisions."""
    return [
        Line(found["user"], found["source"], json.loads(found["json"]))
        for found in DOVECOT.decided.finditer(log.settled())
    ]


@pytest.fixture
def alice(host: MailHost) -> Account:
    return factories.make_account(ADDRESS, client_passwords_on=True)


def test_every_decision_leaves_one_line_that_says_who_where_and_why(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    phone, right = factories.make_client_password(alice)
    old, revoked = factories.make_client_password(alice, revoked_at=timezone.now())
    web = factories.PASSWORD
    cases: list[tuple[str, str, str, int | None, str | None]] = [
        (ADDRESS, right, "imap", phone.pk, None),
        (ADDRESS, right, "pop3", phone.pk, None),
        (ADDRESS, right, "smtp", phone.pk, None),
        (ADDRESS, revoked, "pop3", old.pk, "revoked"),
        (ADDRESS, web, "smtp", None, "security-password-required"),
        ("carol@example.com", web, "imap", None, None),
        ("carol@example.com", "wrong", "imap", None, "wrong-password"),
        ("nobody@x.org", right, "imap", None, "unknown-account"),
    ]
    factories.make_account("carol@example.com")
    logons = [
        Logon(name, typed, service, client_address())
        for name, typed, service, _, _ in cases
    ]

    for logon in logons:
        ask(host.socket("auth-client"), [logon])

    assert lines_of(dovecot_log) == [
        Line(
            logon.name,
            logon.source,
            {
                "credential": credential,
                "protocol": logon.service,
                "outcome": "refused" if reason else "ok",
                "reason": reason,
            }
            | ({} if reason == "unknown-account" else {"address": logon.name})
            | (BY_WEB_PASSWORD[reason is not None] if credential is None else {}),
        )
        for logon, (_, _, _, credential, reason) in zip(logons, cases, strict=True)
    ]


def test_a_logon_by_the_webmail_is_marked_as_one(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    logon = Logon(ADDRESS, factories.PASSWORD, "imap", webmail_address())

    ask(host.socket("auth-client"), [logon])

    (line,) = lines_of(dovecot_log)
    assert (line.decision["outcome"], line.decision["webmail"]) == ("ok", True)


def test_a_service_of_another_kind_is_named_as_the_reason(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    logon = Logon(ADDRESS, factories.PASSWORD, "xmpp", client_address())

    ask(host.socket("auth-client"), [logon])

    (line,) = lines_of(dovecot_log)
    assert (line.decision["protocol"], line.decision["reason"]) == (
        None,
        "unknown-service",
    )


@pytest.mark.parametrize(
    ("switched_off", "reason"),
    [("third_party_logon", "third-party-logon-off"), ("imap", "protocol-off")],
)
def test_the_line_names_the_reason_of_the_policy(
    switched_off: str,
    reason: str,
    host: MailHost,
    dovecot_log: Log,
    alice: Account,
) -> None:
    _, secret = factories.make_client_password(alice)
    Policy.objects.update(**{switched_off: False})

    ask(host.socket("auth-client"), [Logon(ADDRESS, secret, source=client_address())])

    assert [line.decision["reason"] for line in lines_of(dovecot_log)] == [reason]


def test_the_line_names_the_policy_first_of_two_lists_of_networks(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    """As `decision.decide` does; `client_address` is in 127.1.0.0/16."""
    here, elsewhere = "127.1.0.0/16", "203.0.113.0/24"
    row, secret = factories.make_client_password(alice)
    expected = {
        (here, here): None,
        (here, elsewhere): "out-of-scope",
        (elsewhere, here): "network-not-allowed",
        (elsewhere, elsewhere): "network-not-allowed",
    }
    for by_policy, by_password in expected:
        factories.make_policy(client_networks=by_policy)
        ClientPassword.objects.filter(pk=row.pk).update(networks=by_password)
        logon = Logon(ADDRESS, secret, source=client_address())
        ask(host.socket("auth-client"), [logon])

    reasons = [line.decision["reason"] for line in lines_of(dovecot_log)]
    assert reasons == list(expected.values())


def test_the_line_tells_suspended_and_disabled_apart(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    _, secret = factories.make_client_password(alice)
    for change in ({"client_passwords_on": False}, {"is_active": False}):
        Account.objects.filter(pk=alice.pk).update(**change)
        logon = Logon(ADDRESS, secret, source=client_address())
        ask(host.socket("auth-client"), [logon])

    reasons = [line.decision["reason"] for line in lines_of(dovecot_log)]
    assert reasons == ["suspended", "account-disabled"]


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_no_password_is_ever_logged(
    protocol: str, host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    postfix_log = Log(host.postfix_log)
    _, right = factories.make_client_password(alice)
    typed = [
        right,
        right.upper(),
        passwords.generate(),
        factories.PASSWORD,
        f"{factories.PASSWORD}!",
    ]

    for each in typed:
        log_on(protocol, host, ADDRESS, each)

    logs = dovecot_log.settled() + postfix_log.settled()
    assert len(lines_of(dovecot_log)) == len(typed)
    for each in typed:
        plain = base64.b64encode(f"\0{ADDRESS}\0{each}".encode()).decode()
        assert each not in logs
        assert plain not in logs


def test_nobody_can_forge_a_line(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    fields = '"credential":1,"protocol":"imap","outcome":"ok","reason":null'
    forged = f'portal {{{fields},"address":"{ADDRESS}"}}'
    whole = f"{DOVECOT.forged}{forged}"
    texts = [
        forged,
        whole,
        f"a@x.org,127.0.0.1): db-lua: {forged}",
        f"x\n2026-11-23T12:00:00+0000 {whole}",
        f"x\r2026-11-23T12:00:00+0000 {whole}",
    ]
    logons = [
        *(Logon(text, "x" * 16, source=client_address()) for text in texts),
        *(Logon(ADDRESS, text, source=client_address()) for text in texts),
    ]

    ask(host.socket("auth-client"), logons)

    # Dovecot cuts it at 64 bytes, in its own part of lines that do not count.
    log = dovecot_log.settled()
    assert forged[:50] in log
    found = [decision for line in log.splitlines() if (decision := parse_line(line))]
    assert found
    assert all(decision.reason for decision in found)


def test_each_refusal_of_what_is_no_name_or_password_is_logged_on_one_line(
    host: MailHost, dovecot_log: Log, alice: Account
) -> None:
    names = [Logon(name, "x" * 16, source=client_address()) for name in HOSTILE]
    typed = [Logon(ADDRESS, each, source=client_address()) for each in HOSTILE]

    ask(host.socket("auth-client"), [*names, *typed])

    lines = dovecot_log.settled().splitlines()
    assert all(DOVECOT.starts.match(line) for line in lines)
    told = 0
    for logon in (*names, *typed):
        # In 2.4 lines of "auth" go on with the mechanism.
        here = (f",{logon.source})", f",{logon.source},sasl:plain)")
        of_it = [line for line in lines if any(each in line for each in here)]
        decided = [line for line in of_it if "db-lua: portal {" in line]
        # What never reached the rule has a line of Dovecot's own.
        assert len(decided or of_it) <= 1
        told += len(decided or of_it)
    # It names nobody where the password had characters that none can have.
    if not DOVECOT.names_all_refused:
        told += sum("password having illegal chars" in line for line in lines)
    assert told == 2 * len(HOSTILE)
