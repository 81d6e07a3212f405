import base64
import json

import pytest
from pytest_django import Settings

from gateways import doveadm
from gateways.doveadm import Connection, DoveadmError, Kick, Reason
from tests import standins
from tests.standins import StandIn

ALICE = "alice@example.org"
NOBODY = 68


def commands(node: StandIn) -> list[tuple[str, object]]:
    (request,) = node.requests
    return [(name, options) for name, options, _ in json.loads(request.body)]


def test_kick_says_how_many_names_were_on_line(node: StandIn) -> None:
    names = [{"result": f"{ALICE}~1"}, {"result": f"{ALICE}~2"}]
    node.behave = standins.doveadm_answers(names)

    assert doveadm.kick(node.url, Kick(f"{ALICE}~*")) == 2

    assert commands(node) == [("kick", {"mask": [f"{ALICE}~*"]})]


def test_kicking_where_nobody_is_on_line_is_a_success(node: StandIn) -> None:
    node.behave = standins.doveadm_answers(NOBODY)

    assert doveadm.kick(node.url, Kick(f"{ALICE}~1")) == 0


@pytest.mark.parametrize(
    ("ip", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::7", "2001:db8::7/128"),
    ],
)
def test_kick_can_be_limited_to_a_network(node: StandIn, ip: str, network: str) -> None:
    node.behave = standins.doveadm_answers([{"result": ALICE}])

    assert doveadm.kick(node.url, Kick(ALICE, ip)) == 1

    assert commands(node) == [("kick", {"mask": [ALICE, network]})]


def test_who_lists_each_connection(node: StandIn) -> None:
    row = {"username": f"{ALICE}~1", "service": "imap", "pid": "8326", "ip": "::1"}
    node.behave = standins.doveadm_answers([row, {**row, "pid": "8327"}])

    connections = doveadm.list_sessions(node.url, f"{ALICE}~*")

    assert connections == [
        Connection(username=f"{ALICE}~1", service="imap", pid=8326, ip="::1"),
        Connection(username=f"{ALICE}~1", service="imap", pid=8327, ip="::1"),
    ]
    assert commands(node) == [
        ("who", {"separateConnections": True, "mask": [f"{ALICE}~*"]})
    ]


@pytest.mark.parametrize(("rows", "entries"), [([{"entries": "3"}], 3), ([], 0)])
def test_flush_cache_says_how_many_entries_are_forgotten(
    node: StandIn, rows: list[object], entries: int
) -> None:
    node.behave = standins.doveadm_answers(rows)

    assert doveadm.flush_cache(node.url, ALICE) == entries

    assert commands(node) == [("authCacheFlush", {"user": [ALICE]})]


def test_cut_off_flushes_first_and_kicks_each_mask_in_one_request(
    node: StandIn,
) -> None:
    names = [{"result": f"{ALICE}~1"}, {"result": f"{ALICE}~2"}]
    node.behave = standins.doveadm_answers([{"entries": "1"}], NOBODY, names)

    assert doveadm.cut_off(node.url, [Kick(ALICE), Kick(f"{ALICE}~*")]) == 2

    assert commands(node) == [
        ("authCacheFlush", {"user": [ALICE]}),
        ("kick", {"mask": [ALICE]}),
        ("kick", {"mask": [f"{ALICE}~*"]}),
    ]


def test_kick_can_be_limited_to_a_protocol(node: StandIn) -> None:
    node.behave = standins.doveadm_answers([{"result": ALICE}])

    assert doveadm.kick(node.url, Kick(ALICE, "192.0.2.7", "pop3")) == 1

    assert commands(node) == [
        ("kick", {"mask": [ALICE, "192.0.2.7/32"], "socketPath": "./portal-pop3"})
    ]


def test_a_cache_is_flushed_once_for_all_names_of_an_address(node: StandIn) -> None:
    doveadm_says = [[{"entries": "0"}], [{"entries": "0"}], [], [], []]
    node.behave = standins.doveadm_answers(*doveadm_says)
    names = [ALICE, f"{ALICE}~1", "bob@example.org~2"]

    doveadm.cut_off(node.url, [Kick(name) for name in names])

    assert commands(node)[:2] == [
        ("authCacheFlush", {"user": [ALICE]}),
        ("authCacheFlush", {"user": ["bob@example.org"]}),
    ]
    assert [name for name, _options in commands(node)[2:]] == ["kick"] * 3


# --- Dovecot 2.4 ----------------------------------------------------------------------

UN_AUTHORIZED = ["error", {"type": "unAuthorized", "exitCode": 0}, "0"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_dovecot_2_4_says_how_many_sessions_were_kicked(
    node: StandIn, count: int
) -> None:
    node.behave = standins.doveadm_answers([{"count": str(count)}])

    assert doveadm.kick(node.url, Kick(ALICE)) == count


def test_dovecot_2_4_has_no_cache_that_could_be_flushed(node: StandIn) -> None:
    kicked = ["doveadmResponse", [{"count": "2"}], "1"]
    node.behave = standins.answers(200, [UN_AUTHORIZED, kicked])

    assert doveadm.cut_off(node.url, [Kick(ALICE)]) == 2


@pytest.mark.parametrize(
    "kicked",
    [
        ["doveadmResponse", [{"result": ALICE}], "1"],
        ["doveadmResponse", [], "1"],
        ["error", {"type": "exitCode", "exitCode": NOBODY}, "1"],
        ["error", {"type": "exitCode", "exitCode": 75}, "1"],
    ],
)
def test_dovecot_2_3_that_may_not_flush_has_not_done_it(
    node: StandIn, kicked: object
) -> None:
    node.behave = standins.answers(200, [UN_AUTHORIZED, kicked])

    with pytest.raises(DoveadmError) as caught:
        doveadm.cut_off(node.url, [Kick(ALICE)])

    assert caught.value.reason is Reason.REFUSED


def test_dovecot_2_4_tells_more_of_a_session(node: StandIn) -> None:
    row = {"username": f"{ALICE}~1", "service": "imap", "pid": "7", "ip": "192.0.2.7"}
    node.behave = standins.doveadm_answers([{**row, "dest_ip": "", "user_device": "1"}])

    assert doveadm.list_sessions(node.url, ALICE) == [
        Connection(username=f"{ALICE}~1", service="imap", pid=7, ip="192.0.2.7")
    ]


# --- what is sent ---------------------------------------------------------------------


def test_the_key_is_sent_and_the_connection_kept_alive(
    node: StandIn, settings: Settings
) -> None:
    doveadm.kick(node.url, Kick(ALICE))

    headers = node.requests[0].headers
    key = base64.b64encode(settings.DOVEADM_API_KEY.encode()).decode()
    assert headers["Authorization"] == f"X-Dovecot-API {key}"
    assert headers["Connection"] == "keep-alive"


def test_a_node_is_never_asked_through_a_proxy(
    node: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", standins.closed_port())

    assert doveadm.kick(node.url, Kick(ALICE)) == 0


@pytest.mark.parametrize(
    "mask",
    ["", " ", f"{ALICE} ", f"{ALICE}\n", f"a\0{ALICE}", '"a"@b', "ä@b", "a,b", "a:b"],
)
def test_a_mask_with_other_signs_than_an_address_has_is_not_sent(
    node: StandIn, mask: str
) -> None:
    with pytest.raises(ValueError, match="mask"):
        doveadm.kick(node.url, Kick(mask))
    with pytest.raises(ValueError, match="mask"):
        doveadm.list_sessions(node.url, mask)
    with pytest.raises(ValueError, match=r"mask|address"):
        doveadm.cut_off(node.url, [Kick(ALICE), Kick(mask)])

    assert not node.requests


@pytest.mark.parametrize("address", ["", "alice", "*@example.org", "a?@b", "a@b@c"])
def test_a_cache_is_flushed_for_one_whole_address_only(
    node: StandIn, address: str
) -> None:
    with pytest.raises(ValueError, match="address"):
        doveadm.flush_cache(node.url, address)
    with pytest.raises(ValueError, match="address"):
        doveadm.cut_off(node.url, [Kick(address)])

    assert not node.requests


def test_a_network_that_is_none_is_not_sent(node: StandIn) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        doveadm.kick(node.url, Kick(ALICE, "nowhere"))

    assert not node.requests
