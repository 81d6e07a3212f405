"""Only what Dovecot itself wrote about a decision is read as one."""

import pytest

from clientpasswords import dovecotlog
from tests.unit.clientpasswords.dovecotlines import line


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


def test_a_temporary_failure_is_no_decision() -> None:
    text = line(reason="database").replace("refused", "temporary")

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
