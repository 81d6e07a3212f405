"""Who is in which networks: as Python looks, and as the mail server's script does."""

import json
import re
import subprocess
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from django.core.exceptions import ValidationError
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from accounts import networks
from deploy.render import TEMPLATES

V4, V6 = IPv4Address("198.51.100.0"), IPv6Address("2001:db8::")
# Near to each other, so that many are in the networks of others.
ADDRESSES = st.one_of(
    st.integers(0, 2**9).map(lambda number: str(V4 + number)),
    st.integers(0, 2**9).map(lambda number: f"::ffff:{V4 + number}"),
    st.integers(0, 2**9).map(lambda number: str(V6 + number)),
    st.ip_addresses().map(str),
    st.sampled_from(["", "::", "::1", "2001:db8::1%1"]),
    st.sampled_from(["office", "198.51.100", "198.51.100.256"]),
)
NETWORKS = st.one_of(
    ADDRESSES,
    st.tuples(ADDRESSES, st.integers(0, 33)).map("{0[0]}/{0[1]}".format),
    st.tuples(ADDRESSES, st.integers(90, 129)).map("{0[0]}/{0[1]}".format),
)
LISTS = st.lists(NETWORKS, max_size=4).map(",".join)
# After the part of portal.lua that reads networks.
ASKING = """
local found = {}
for line in io.lines() do
  local ip, list = line:match("^([^ ]*) (.*)$")
  table.insert(found, tostring(is_in_any(bytes_of(ip), list)))
end
print("[" .. table.concat(found, ",") .. "]")
"""


# To make a failure smaller would start the script thousands of times.
WITHOUT_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]


def in_lua(questions: list[tuple[str, str]]) -> list[bool]:
    """What the script says of each address and list of networks."""
    text = (TEMPLATES / "dovecot" / "portal.lua").read_text()
    part = re.search(r"\n-- Networks -+\n(.*?)\n-- The decision -", text, re.DOTALL)
    assert part
    done = subprocess.run(
        ["lua5.4", "-e", part[1] + ASKING],
        input="".join(f"{ip} {stored}\n" for ip, stored in questions),
        check=True,
        capture_output=True,
        text=True,
    )
    found: list[bool] = json.loads(done.stdout)
    return found


@settings(max_examples=10, deadline=None, phases=WITHOUT_SHRINKING)
@given(st.lists(st.tuples(ADDRESSES, LISTS), min_size=30, max_size=60))
def test_the_portal_and_the_mail_server_find_the_same(
    questions: list[tuple[str, str]],
) -> None:
    found = [networks.contains_address(stored, ip) for ip, stored in questions]

    assert dict(zip(questions, found, strict=True)) == dict(
        zip(questions, in_lua(questions), strict=True)
    )


@pytest.mark.parametrize(
    ("ip", "stored", "is_in"),
    [
        ("192.0.2.7", "192.0.2.0/24", True),
        ("192.0.3.7", "192.0.2.0/24", False),
        ("192.0.2.7", "10.0.0.0/8,192.0.2.7", True),
        ("2001:db8::7", "2001:db8::/32", True),
        ("192.0.2.7", "2001:db8::/32", False),
        ("192.0.2.7", "::/0", True),
        ("192.0.2.7", "::ffff:192.0.2.0/120", True),
        ("::ffff:192.0.2.7", "192.0.2.0/24", True),
        ("::1", "0.0.0.0/0", False),
        ("192.0.2.7", "", False),
        (None, "0.0.0.0/0,::/0", False),
        ("office", "0.0.0.0/0,::/0", False),
        ("192.0.2.7", "office,192.0.2.0/24", True),
    ],
)
def test_an_address_of_ipv4_is_its_address_within_ipv6(
    ip: str | None, stored: str, *, is_in: bool
) -> None:
    assert networks.contains_address(stored, ip) is is_in
    if ip is not None:
        assert in_lua([(ip, stored)]) == [is_in]


@given(LISTS, LISTS, ADDRESSES)
def test_what_covers_a_list_has_whoever_is_in_it(
    outer: str, inner: str, ip: str
) -> None:
    either = networks.join_networks(filter(None, [outer, inner]))

    assert networks.covers_networks(either or networks.ANYWHERE, inner or outer)
    if networks.covers_networks(outer, inner) and inner and outer:
        assert networks.contains_address(outer, ip) or not networks.contains_address(
            inner, ip
        )


@given(st.lists(st.ip_addresses().map(str), min_size=1, max_size=10))
def test_what_is_parsed_is_stored_in_one_form(typed: list[str]) -> None:
    parsed = networks.parse_networks(" ; ".join(typed))

    assert networks.parse_networks(networks.join_networks(parsed)) == parsed
    assert networks.split_networks(networks.join_networks(parsed)) == [*parsed]
    assert {ip_network(each) for each in parsed} == {ip_network(ip) for ip in typed}
    assert all(
        networks.contains_address(networks.join_networks(parsed), ip) for ip in typed
    )


@given(st.text(max_size=20))
def test_what_is_typed_is_a_list_or_is_refused(text: str) -> None:
    typed = [each for each in re.split(r"[\s,;]+", text.strip()) if each]
    if None in map(networks.parse_network, typed):
        with pytest.raises(ValidationError, match="is not a valid network"):
            networks.parse_networks(text)
    elif len(typed) <= networks.MAX_NETWORKS:
        assert {*networks.parse_networks(text)} == {
            str(networks.parse_network(each)) for each in typed
        }
