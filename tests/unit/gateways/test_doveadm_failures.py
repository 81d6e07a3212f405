import base64
import json
import logging
import traceback
from collections.abc import Callable
from time import monotonic

import pytest
from pytest_django import Settings

from gateways import doveadm
from gateways.doveadm import DoveadmError, Kick, Reason
from tests import standins
from tests.patience import SOON
from tests.standins import Behaviour, StandIn

ALICE = "alice@example.org"
NOBODY = 68

# Each way to speak to a node.
CALLS: list[Callable[[str], object]] = [
    lambda url: doveadm.kick(url, Kick(f"{ALICE}~1")),
    lambda url: doveadm.list_sessions(url, f"{ALICE}~*"),
    lambda url: doveadm.flush_cache(url, ALICE),
    lambda url: doveadm.cut_off(url, [Kick(ALICE)]),
]
every_call = pytest.mark.parametrize("call", CALLS, ids=["kick", "who", "flush", "cut"])


def failure(call: Callable[[str], object], url: str) -> DoveadmError:
    with pytest.raises(DoveadmError) as caught:
        call(url)
    return caught.value


FAILURES: list[tuple[str, Behaviour, Reason]] = [
    ("wrong key", standins.answers(401), Reason.CREDENTIALS),
    ("no JSON list asked", standins.answers(400, "Request must be"), Reason.REFUSED),
    ("500", standins.answers(500, "oops"), Reason.REFUSED),
    ("307", standins.answers(307, headers={"Location": "/"}), Reason.REFUSED),
    ("no JSON", standins.answers(200, "<html>"), Reason.GARBLED),
    ("no list", standins.answers(200, {}), Reason.GARBLED),
    ("empty list", standins.answers(200, []), Reason.GARBLED),
    ("empty answer", standins.answers(200, [[]] * 2), Reason.GARBLED),
    ("half a line, cut", standins.cuts(standins.half("[[[]]]")), Reason.UNREACHABLE),
    ("half a line, hang", standins.stops(standins.half("[[[]]]")), Reason.UNREACHABLE),
    ("reset", standins.cuts(), Reason.UNREACHABLE),
    ("hang", standins.hangs, Reason.TIMEOUT),
]


@pytest.mark.parametrize(
    ("behaviour", "reason"), [pytest.param(*row[1:], id=row[0]) for row in FAILURES]
)
def test_a_node_that_fails_raises_one_exception_that_does_not_show_the_key(
    node: StandIn,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    behaviour: Behaviour,
    reason: Reason,
) -> None:
    for name in ("", "urllib3"):
        caplog.set_level(logging.DEBUG, logger=name)
    node.behave = behaviour
    began = monotonic()

    error = failure(lambda url: doveadm.kick(url, Kick(ALICE)), node.url)

    assert error.reason is reason
    assert error.__context__ is None
    assert monotonic() - began < SOON
    assert len(node.requests) == 1
    told = "".join(traceback.format_exception(error)) + repr(vars(error))
    told += "".join(
        f"{record.getMessage()} {vars(record)}" for record in caplog.records
    )
    assert f"doveadm: {reason}" in told
    key = settings.DOVEADM_API_KEY
    for secret in (key, base64.b64encode(key.encode()).decode()):
        assert secret not in told


ODD: list[object] = [
    [["doveadmResponse", [], "other-tag"]],
    [["doveadmResponse", {}, "0"]],
    [["doveadmResponse", ["text"], "0"]],
    [["something", [], "0"]],
    [["error", {"type": "exitCode"}, "0"]],
    [["doveadmResponse", [], "0"], ["doveadmResponse", [], "1"]],
]


@pytest.mark.parametrize("call", CALLS[:3], ids=["kick", "who", "flush"])
@pytest.mark.parametrize("body", ODD, ids=json.dumps)
def test_an_answer_of_another_shape_is_garbled(
    node: StandIn, call: Callable[[str], object], body: object
) -> None:
    node.behave = standins.answers(200, body)

    assert failure(call, node.url).reason is Reason.GARBLED


@pytest.mark.parametrize(
    "row",
    [
        {"service": "imap", "pid": "1", "ip": "::1"},
        {"username": ALICE, "service": "imap", "pid": "one", "ip": "::1"},
        {"username": ALICE, "service": "imap", "pid": 1, "ip": "::1"},
        {"username": ALICE, "service": None, "pid": "1", "ip": "::1"},
    ],
)
def test_a_connection_that_lacks_something_is_garbled(
    node: StandIn, row: dict[str, object]
) -> None:
    node.behave = standins.doveadm_answers([row])

    error = failure(lambda url: doveadm.list_sessions(url, ALICE), node.url)

    assert error.reason is Reason.GARBLED


@pytest.mark.parametrize("call", CALLS[:3], ids=["kick", "who", "flush"])
@pytest.mark.parametrize("kind", ["invalidRequest", "unknownMethod", "unAuthorized"])
def test_a_command_that_the_node_does_not_take_is_refused(
    node: StandIn, call: Callable[[str], object], kind: str
) -> None:
    node.behave = standins.answers(200, [["error", {"type": kind, "exitCode": 0}, "0"]])

    assert failure(call, node.url).reason is Reason.REFUSED


@pytest.mark.parametrize("code", [64, 75])
def test_other_exit_codes_of_kick_are_failures(node: StandIn, code: int) -> None:
    node.behave = standins.doveadm_answers(code)

    error = failure(lambda url: doveadm.kick(url, Kick(ALICE)), node.url)

    assert error.reason is Reason.REFUSED


def test_nobody_found_is_a_success_of_kick_only(node: StandIn) -> None:
    node.behave = standins.doveadm_answers(NOBODY)

    error = failure(lambda url: doveadm.flush_cache(url, ALICE), node.url)

    assert error.reason is Reason.REFUSED


def test_a_cut_off_of_which_a_part_failed_has_failed(node: StandIn) -> None:
    for results in ([75, []], [[], 75]):
        node.behave = standins.doveadm_answers(*results)

        error = failure(lambda url: doveadm.cut_off(url, [Kick(ALICE)]), node.url)

        assert error.reason is Reason.REFUSED


@every_call
def test_a_node_that_is_down_is_unreachable(
    node: StandIn, call: Callable[[str], object]
) -> None:
    error = failure(call, standins.closed_port())

    assert error.reason is Reason.UNREACHABLE
    assert error.__context__ is None


def test_a_node_that_takes_no_connection_is_left_soon(node: StandIn) -> None:
    with standins.full_port() as url:
        error = failure(lambda url: doveadm.kick(url, Kick(ALICE)), url)

    assert error.reason is Reason.TIMEOUT
