"""Only what Dovecot itself wrote about a decision is read as one."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from clientpasswords import dovecotlog
from clientpasswords.dovecotlog import Decision
from tests.unit.clientpasswords.dovecotlines import PREFIXES, event, line

versions = pytest.mark.parametrize("dovecot", PREFIXES)


@versions
def test_a_decision_is_read(dovecot: str) -> None:
    text = line(credential=70, name="Alice@Example.com", dovecot=dovecot)

    assert dovecotlog.read(text.rstrip("\n")) == Decision(
        at=datetime(2026, 11, 23, 21, 33, 10, tzinfo=UTC),
        address="alice@example.com",
        network_address="192.0.2.7",
        protocol="imap",
        credential=70,
        reason="",
    )


@versions
@pytest.mark.parametrize(
    "lie",
    [
        # A user name, or anything else that is not at the place of Dovecot's own words.
        lambda text: "imap-login: Info: user=<x>: " + text.partition("lua(")[2],
        lambda text: text.replace(
            "auth-worker<2>: lua(", "auth-worker<2>: lua(x,1.2.3.4): lua("
        ).replace("request [2]: ", "request [2]: x(x,1.2.3.4)<22>: request [2]: "),
        lambda text: text.replace("Info: ", "Info: Info: "),
        lambda text: text.rstrip("\n") + " and more\n",
        lambda text: "x" + text,
        lambda text: text.replace("alice@example.com", "a) db-lua: portal {}"),
    ],
)
def test_only_dovecots_own_prefix_counts(
    dovecot: str, lie: Callable[[str], str]
) -> None:
    text = lie(line(dovecot=dovecot))

    assert dovecotlog.read(text.rstrip("\n")) is None


@versions
@pytest.mark.parametrize("reason", ["database", "too-late", "of a later version"])
def test_a_temporary_failure_is_no_decision(dovecot: str, reason: str) -> None:
    text = line(reason=reason, dovecot=dovecot).replace("refused", "temporary")

    assert dovecotlog.read(text.rstrip("\n")) is None


@versions
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("2026-11-23", "2026-19-23"),
        lambda text: text.replace("192.0.2.7", "192.0.2.700"),
        lambda text: text.replace("alice@", "alice\0@"),
        lambda text: text.replace('"imap"', "imap"),
        lambda text: text.replace('"reason"', '"season"'),
        lambda text: "\0" * 300 + text,
    ],
)
def test_a_damaged_line_is_no_decision(
    dovecot: str, damage: Callable[[str], str]
) -> None:
    text = line(dovecot=dovecot)

    assert dovecotlog.read(text.rstrip("\n")) is not None
    assert damage(text) != text
    assert dovecotlog.read(damage(text).rstrip("\n")) is None


# --- what Dovecot 2.4 exports ---------------------------------------------------------

AT = datetime(2026, 11, 23, 21, 33, 10, tzinfo=UTC)
ALICE = "alice@example.com"
ERROR = {"success": None, "error": "authentication failed"}


@pytest.mark.parametrize(
    ("fields", "credential", "reason", "by_web_password"),
    [
        ({"user": f"{ALICE}~70"}, 70, "", False),
        ({"user": f"{ALICE}~70.2"}, 70, "", False),
        ({"user": "Alice@Example.com"}, None, "", True),
        (ERROR, None, "refused", False),
        # The first bits of the password were those of number 70.
        ({"user": f"{ALICE}~70", **ERROR}, None, "refused", False),
    ],
)
def test_an_event_tells_who_was_let_in_and_by_what(
    *,
    fields: dict[str, Any],
    credential: int | None,
    reason: str,
    by_web_password: bool,
) -> None:
    found = dovecotlog.read(event(**fields).rstrip("\n"))

    assert found == Decision(
        at=AT,
        address=ALICE,
        network_address="192.0.2.7",
        protocol="imap",
        credential=credential,
        reason=reason,
        by_web_password=by_web_password,
    )


def test_the_webmail_is_known_by_its_own_address(settings: Settings) -> None:
    settings.WEBMAIL_NETWORKS = ["192.0.2.0/28", "2001:db8::/32"]
    told = {
        "192.0.2.7": event(),
        "192.0.2.77": event(remote_ip="192.0.2.77"),
        "forwarded": event(remote_ip="198.51.100.7", real_remote_ip="2001:db8::7"),
        "no address": event(remote_ip=None),
    }

    found = {how: dovecotlog.read(text.rstrip("\n")) for how, text in told.items()}

    assert {how for how, each in found.items() if each and each.by_web_password} == {
        "192.0.2.77",
        "no address",
    }


@pytest.mark.parametrize(
    ("service", "protocol"),
    [("pop3", "pop3"), ("smtp", "smtp"), ("submission", "smtp"), ("sieve", "imap")],
)
def test_a_service_is_a_protocol_of_the_views(service: str, protocol: str) -> None:
    found = dovecotlog.read(event(protocol=service).rstrip("\n"))

    assert found is not None
    assert found.protocol == protocol


@pytest.mark.parametrize(
    "other",
    [
        event(success=None, error="internal failure"),
        event(name="auth_passdb_request_finished"),
        event(protocol="doveadm"),
        event(protocol=None, service="imap"),  # 2.3, whose script has its own line
        event(user=None),
        event(user="a b"),
        event(user="alice\0@example.com"),
        event(user=["alice@example.com"]),
        event(remote_ip="192.0.2.700"),
        event()[:-20] + "\n",
        event().replace("stats: Info", "imap-login: Info"),
        "x" + event(),
        event().partition("{")[0] + "{}\n",
        event().partition("{")[0] + '{"event":"auth_request_finished","fields":[]}\n',
    ],
)
def test_no_other_event_is_a_decision(other: str) -> None:
    assert dovecotlog.read(event().rstrip("\n")) is not None
    assert dovecotlog.read(other.rstrip("\n")) is None
