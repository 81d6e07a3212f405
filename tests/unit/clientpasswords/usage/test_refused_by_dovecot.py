"""What Dovecot refuses before it asks the script is read from its own lines."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from clientpasswords.models import Logon
from clientpasswords.refusals import CONTROL_CHARACTERS, ILLEGAL_NAME
from clientpasswords.usage import dovecotlog
from clientpasswords.usage.dovecotlog import Decision, Reader
from tests.factories import make_account
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up

ALICE = "alice@example.com"
ILLEGAL = "Attempted login with password having illegal chars"
NAME = "Username character disallowed by auth_username_chars: 0x20 (username: {})"
HARD = "Connection closed: read(size=986) failed: Connection reset by peer"
# The end of a connection on which a logon failed, as both versions write it.
ENDS = {
    "2.3": "{service}-login: Info: Disconnected: Connection closed (auth failed, "
    "{tries} attempts in {seconds} secs): user=<{name}>, method=PLAIN, rip={ip}, "
    "lip=127.0.0.1, {tls}session=<{session}>, device=",
    "2.4": "{service}-login: Info: Login aborted: Connection closed (auth failed, "
    "{tries} attempts in {seconds} secs) (auth_failed): user=<{name}>, method=PLAIN, "
    "rip={ip}, lip=127.0.0.1, {tls}session=<{session}>, ",
}
DEFAULTS = {
    "service": "imap",
    "tries": 1,
    "seconds": 1,
    "name": ALICE,
    "ip": "192.0.2.7",
    "tls": "",
    "session": "J/AeV/hgfrZ/AAAB",
}
versions = pytest.mark.parametrize("dovecot", ENDS)


def at(second: int, text: str) -> str:
    return f"2026-11-23T21:33:{second:02}+0000 {text}"


def illegal(dovecot: str, second: int = 9, **more: str) -> str:
    """The line of a password with a tab; 2.3 does not say whose it was."""
    if dovecot == "2.3":
        return at(second, f"auth: Info: {ILLEGAL}")
    values = DEFAULTS | more
    session = f"<{values['session']}>" if values["session"] else ""
    who = f"auth({values['name']},{values['ip']},sasl:plain){session}"
    return at(second, f"{who}: Info: {ILLEGAL}")


def illegal_name(dovecot: str, name: str, session: str = "J/AeV/hgfrZ/AAAB") -> str:
    where = f",<{session}>" if session else ""
    if dovecot == "2.3":
        return at(9, f"auth: Info: plain(?,192.0.2.7{where}): {NAME.format(name)}")
    where = f"<{session}>" if session else ""
    who = f"auth(?,192.0.2.7,sasl:plain){where}"
    return at(9, f"{who}: Info: plain: {NAME.format(name)}")


def ended(dovecot: str, second: int = 10, **more: object) -> str:
    return at(second, ENDS[dovecot].format_map(DEFAULTS | more))


def read(lines: Iterable[str]) -> list[Decision]:
    reader = Reader()
    return [each for text in lines for each in reader.read(text.rstrip("\n"))]


def expected(reason: str, **more: object) -> Decision:
    values = {"at": datetime(2026, 11, 23, 21, 33, 10, tzinfo=UTC), "protocol": "imap"}
    return Decision(
        address=ALICE,
        network_address="192.0.2.7",
        credential=None,
        reason=reason,
        is_as_typed=True,
        **(values | more),  # type: ignore[arg-type]
    )


@versions
@pytest.mark.parametrize(
    ("service", "protocol"),
    [
        ("imap", "imap"),
        ("pop3", "pop3"),
        ("submission", "smtp"),
        ("managesieve", "imap"),
    ],
)
@pytest.mark.parametrize("tls", ["", "TLS, ", "secured, "])
def test_a_password_with_a_tab_is_a_refusal(
    dovecot: str, service: str, protocol: str, tls: str
) -> None:
    lines = [illegal(dovecot), ended(dovecot, service=service, tls=tls)]

    assert read(lines) == [expected(CONTROL_CHARACTERS.key, protocol=protocol)]


@versions
def test_a_program_may_hang_up_hard(dovecot: str) -> None:
    hard = ended(dovecot).replace("Connection closed", HARD)

    assert read([illegal(dovecot), hard]) == [expected(CONTROL_CHARACTERS.key)]


@versions
def test_the_lines_of_two_processes_may_be_swapped(dovecot: str) -> None:
    of_other = [ended(dovecot, 9, session="other"), ended(dovecot, session="another")]
    begun = [at(1, "auth: Info: login(?,192.0.2.7,<x>): x"), *of_other]

    assert read([*begun, ended(dovecot), illegal_name(dovecot, ALICE)]) == [
        expected(ILLEGAL_NAME.key)
    ]
    again = [*begun[:1], ended(dovecot, tries=2), *[illegal(dovecot)] * 3]
    assert read(again) == [expected(CONTROL_CHARACTERS.key)] * 2


@versions
def test_swapped_lines_of_the_script_explain_a_failure(dovecot: str) -> None:
    begun = at(1, "auth: Info: login(?,192.0.2.7,<x>): x")
    decided = line(reason="wrong-password", dovecot=dovecot)

    found = read([begun, ended(dovecot), decided, illegal("2.3")])

    assert [each.reason for each in found] == ["wrong-password"]


def test_by_postfix_2_4_says_whose_the_password_was_and_2_3_does_not() -> None:
    there = datetime(2026, 11, 23, 21, 33, 9, tzinfo=UTC)

    assert read([illegal("2.4", session="")]) == [
        expected(CONTROL_CHARACTERS.key, protocol="smtp", at=there)
    ]
    assert read([illegal("2.3")]) == []


@versions
@pytest.mark.parametrize(
    "typed", [f"{ALICE} ", f"{ALICE}?", f"?{ALICE}", "Alice@Example.com "]
)
def test_a_name_that_dovecot_does_not_allow_is_a_refusal_of_who_was_meant(
    dovecot: str, typed: str
) -> None:
    lines = [illegal_name(dovecot, typed), ended(dovecot, name=typed)]

    assert read(lines) == [expected(ILLEGAL_NAME.key)]
    by_postfix = read([illegal_name(dovecot, typed, session="")])
    assert [(each.address, each.protocol) for each in by_postfix] == [(ALICE, "smtp")]


@versions
@pytest.mark.parametrize(
    "typed", ["", "?", "not an address", "x" * 60 + "...", "a\0@b"]
)
def test_what_is_no_address_is_nobodys(dovecot: str, typed: str) -> None:
    assert read([illegal_name(dovecot, typed, session="")]) == []
    assert read([illegal(dovecot, name=typed), ended(dovecot, name=typed)]) == []


@versions
def test_a_failure_that_the_script_explains_is_no_other(dovecot: str) -> None:
    decided = line(reason="wrong-password", dovecot=dovecot)

    found = read([at(8, "x"), decided, illegal("2.3"), ended(dovecot)])

    assert [each.reason for each in found] == ["wrong-password"]


def test_in_2_3_so_many_tries_were_illegal_as_nothing_else_was_said_of() -> None:
    decided = line(reason="wrong-password", second=9)
    empty = at(9, "auth: Info: plain(?,192.0.2.7,<J/AeV/hgfrZ/AAAB>): Empty username")
    lines = [illegal("2.3"), decided, illegal("2.3"), empty, illegal("2.3")]

    found = read([*lines, ended("2.3", tries=4)])

    reasons = [each.reason for each in found]
    assert reasons == ["wrong-password", *[CONTROL_CHARACTERS.key] * 2]


@pytest.mark.parametrize(
    ("second", "seconds"),
    # Long before the connection began; or before anything was read.
    [(1, 3), (9, 20)],
)
def test_in_2_3_a_password_of_another_time_is_not_of_this_connection(
    second: int, seconds: int
) -> None:
    begun = [illegal("2.3", 1)] if second == 1 else []

    found = read([*begun, illegal("2.3", second), ended("2.3", seconds=seconds)])

    assert found == []


def test_each_password_of_nobody_is_taken_once() -> None:
    other = ended("2.3", name="bob@example.com", session="another")

    found = read([illegal("2.3"), ended("2.3"), other])

    assert [each.address for each in found] == [ALICE]


FORGED = [
    # In a name: the address of another, and where they would come from.
    f"{ALICE}>, method=PLAIN, rip=198.51.100.1, lip=127.0.0.1, session=<x",
    f"{ALICE}>, method=PLAIN, rip=198.51.100.1, lip=127.0.0.1, session=<x>, device=",
    f"{ALICE},198.51.100.1,sasl:plain)<x>: Info: {ILLEGAL}",
    f"{ALICE},198.51.100.1",
    f"{ALICE}) (username: {ALICE}",
    f"?,198.51.100.1,<x>): {NAME.format(ALICE)}",
    f"x): {NAME.format(ALICE)}",
    f"x (auth failed, 1 attempts in 1 secs): user=<{ALICE}",
]


@versions
@pytest.mark.parametrize("name", FORGED)
def test_a_name_cannot_forge_a_refusal_of_another(dovecot: str, name: str) -> None:
    lines = [
        illegal(dovecot, name=name),
        ended(dovecot, name=name),
        illegal_name(dovecot, name),
        ended(dovecot, name=name),
        illegal_name(dovecot, name, session=""),
    ]

    assert ALICE not in {each.address for each in read(lines)}


@versions
@pytest.mark.parametrize(
    "lie",
    [
        lambda text: f"x{text}",
        lambda text: f"{text} and more",
        lambda text: text.replace("Info: ", "Info: Info: "),
        lambda text: text.replace("imap-login", "nothing-login"),
        lambda text: text.replace("192.0.2.7", "192.0.2.700"),
        lambda text: text.replace("2026-11-23", "2026-19-23"),
    ],
)
def test_a_line_that_is_not_dovecots_own_counts_nothing(
    dovecot: str, lie: Callable[[str], str]
) -> None:
    assert read([lie(illegal(dovecot)), lie(ended(dovecot))]) == []


@versions
@pytest.mark.parametrize("field", ["tries", "seconds"])
@pytest.mark.parametrize("digits", [12, 30, 5000])
def test_a_damaged_number_does_not_stop_the_reader(
    dovecot: str, field: str, digits: int
) -> None:
    fields: dict[str, object] = {"session": "other", field: "9" * digits}
    damaged = at(10, ENDS[dovecot].format_map(DEFAULTS | fields))

    lines = [illegal(dovecot), damaged, illegal_name(dovecot, ALICE), ended(dovecot)]

    assert read(lines)[-1] == expected(ILLEGAL_NAME.key)


@versions
def test_what_is_kept_is_bounded(dovecot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dovecotlog, "MOST_KEPT", 10)
    reader = Reader()
    for number in range(100):
        session = f"s{number}"
        for text in (
            illegal_name(dovecot, ALICE, session),
            illegal(dovecot, session=session),
            line(reason="wrong-password", dovecot=dovecot).replace("AAAB", session),
        ):
            list(reader.read(text.rstrip("\n")))

        other = ended(dovecot, tries=9, session=f"e{number}")
        list(reader.read(other))

    assert len(reader._ended) == 10
    assert len(reader._refused) == len(reader._explained) == 10
    assert len(reader._of_nobody) == (10 if dovecot == "2.3" else 0)


# --- what the follower makes of it ----------------------------------------------------


@pytest.mark.django_db
@versions
def test_names_of_no_mailbox_are_not_recorded(
    dovecot: str,
    log: Path,
    follow: Follow,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    make_account(ALICE)
    reader = follow(log)
    names = [ALICE, *(f"x{number}@example.com" for number in range(200))]
    append(
        log,
        "".join(illegal_name(dovecot, f"{name} ", session="") + "\n" for name in names),
    )

    with django_assert_max_num_queries(40):
        catch_up(reader)

    (logon,) = Logon.objects.all()
    assert (logon.account.address, logon.reason) == (ALICE, ILLEGAL_NAME.key)
    assert (logon.protocol, logon.network_address) == ("smtp", "192.0.2.7")
    assert len(reader._written) == 1


@pytest.mark.django_db
@versions
def test_strangers_names_alone_write_nothing(
    dovecot: str, log: Path, follow: Follow
) -> None:
    reader = follow(log)
    catch_up(reader)
    append(log, illegal_name(dovecot, "nobody@example.com ", session="") + "\n")

    assert reader.poll() == 1

    assert reader._summary.logons == {}
    assert not Logon.objects.exists()
