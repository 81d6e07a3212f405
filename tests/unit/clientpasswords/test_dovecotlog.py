"""Only what Dovecot itself wrote about a decision is read as one."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from clientpasswords import dovecotlog
from clientpasswords.dovecotlog import Decision
from tests.unit.clientpasswords.dovecotlines import event, line


@pytest.mark.parametrize(
    "lie",
    [
        # A user name, or anything else that is not at the place of Dovecot's own words.
        "imap-login: Info: user=<x>: " + line().partition("lua(")[2],
        line().replace("auth-worker<2>: lua(", "auth-worker<2>: lua(x,1.2.3.4): lua("),
        line().rstrip("\n") + " and more\n",
        "x" + line(),
        line(name="a) db-lua: portal {}"),
    ],
)
def test_only_dovecots_own_prefix_counts(lie: str) -> None:
    assert dovecotlog.read(lie.rstrip("\n")) is None


@pytest.mark.parametrize("reason", ["database", "too-late", "of a later version"])
def test_a_temporary_failure_is_no_decision(reason: str) -> None:
    text = line(reason=reason).replace("refused", "temporary")

    assert dovecotlog.read(text.rstrip("\n")) is None


@pytest.mark.parametrize(
    "damaged",
    [
        line().replace("2026-11-23", "2026-19-23"),
        line(ip="192.0.2.700"),
        line(name="alice\0@example.com"),
        line().replace('"imap"', "imap"),
        line().replace('"reason"', '"season"'),
        "\0" * 300 + line(),
    ],
)
def test_a_damaged_line_is_no_decision(damaged: str) -> None:
    assert dovecotlog.read(line().rstrip("\n")) is not None
    assert dovecotlog.read(damaged.rstrip("\n")) is None


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
