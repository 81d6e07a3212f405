"""Only what Dovecot itself wrote about a decision is read as one."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from clientpasswords.usage import dovecotlog
from clientpasswords.usage.dovecotlog import Decision
from tests.unit.clientpasswords.dovecotlines import PREFIXES, line

versions = pytest.mark.parametrize("dovecot", PREFIXES)


@versions
def test_a_decision_is_read(dovecot: str) -> None:
    text = line(credential=70, name="Alice@Example.com", dovecot=dovecot)

    assert dovecotlog.parse_line(text.rstrip("\n")) == Decision(
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

    assert dovecotlog.parse_line(text.rstrip("\n")) is None


def test_a_passdb_of_2_4_may_have_any_name() -> None:
    text = line(credential=70, dovecot="2.4").replace("Info: lua:", "Info: lua-y:")

    decision = dovecotlog.parse_line(text.rstrip("\n"))

    assert decision is not None
    assert decision.credential == 70


@versions
@pytest.mark.parametrize("reason", ["database", "too-late", "of a later version"])
def test_a_temporary_failure_is_no_decision(dovecot: str, reason: str) -> None:
    text = line(reason=reason, dovecot=dovecot).replace("refused", "temporary")

    assert dovecotlog.parse_line(text.rstrip("\n")) is None


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

    assert dovecotlog.parse_line(text.rstrip("\n")) is not None
    assert damage(text) != text
    assert dovecotlog.parse_line(damage(text).rstrip("\n")) is None


@versions
def test_the_scripts_address_goes_before_the_name_that_dovecot_cuts(
    dovecot: str,
) -> None:
    address = "a" * 64 + "@example.com"
    cut = f"{address[:61]}..."
    told = {
        "of before": line(dovecot=dovecot, name="Alice@example.com"),
        "short": line(dovecot=dovecot, address='"alice@example.com"'),
        "cut": line(dovecot=dovecot, name=cut, address=f'"{address}"'),
        "cut before": line(dovecot=dovecot, name=cut),
        "another": line(dovecot=dovecot, address='"bob@example.com"'),
        "odd": line(dovecot=dovecot, address=r'"o\u0022\u007brien@example.com"'),
    }

    found = {
        how: dovecotlog.parse_line(text.rstrip("\n")) for how, text in told.items()
    }

    assert {how: each and each.address for how, each in found.items()} == {
        "of before": "alice@example.com",
        "short": "alice@example.com",
        "cut": address,
        "cut before": cut,
        "another": "bob@example.com",
        "odd": 'o"{rien@example.com',
    }


@versions
@pytest.mark.parametrize(
    "damaged",
    ["7", "null", '""', r'"a\u0000@x.org"', r'"a\ud800@x.org"', '"alice@x.org'],
)
def test_a_line_whose_address_is_none_is_no_decision(
    dovecot: str, damaged: str
) -> None:
    text = line(dovecot=dovecot, address=damaged)

    assert dovecotlog.parse_line(text.rstrip("\n")) is None
