"""The names of sessions: as the logon views make them, and as they are taken apart."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account, MailLogon, MailWebLogon, Policy
from clientpasswords.models import ClientPassword
from gateways.loginnames import LoginName, build_mask
from tests.factories import make_client_password, make_policy

pytestmark = pytest.mark.both_databases

ROOT = Path(__file__).resolve().parents[3]
ADDRESSES = st.from_regex(
    r"[a-z0-9.+_-]{1,20}@[a-z0-9-]{1,20}\.example", fullmatch=True
)


@pytest.mark.parametrize("networks", ["", "192.0.2.0/24"])
@pytest.mark.parametrize("changes", [0, 1, 12])
def test_each_name_that_the_views_make_is_taken_apart(
    changes: int, networks: str, alice: Account
) -> None:
    row, _secret = make_client_password(alice)
    ClientPassword.objects.update(session_names=changes)
    make_policy(client_networks=networks)

    (name,) = {each.login_name for each in MailLogon.objects.all()}

    assert LoginName.parse(name) == LoginName(alice.address, row.pk)
    assert fnmatchcase(name, build_mask(alice.address, row.pk))
    assert name.endswith(f"~{row.pk}") is (changes == 0 and not networks)
    web = MailWebLogon.objects.filter(protocol="imap").get()
    assert LoginName.parse(web.login_name) == LoginName(alice.address, None)


def test_no_two_states_of_a_password_and_its_policy_share_a_name(
    alice: Account,
) -> None:
    """Postfix knows a session by its name alone; those of another state are ended."""
    make_client_password(alice)
    states = [(changes, mark) for changes in range(13) for mark in range(13)]
    names: set[str] = set()

    for changes, mark in states:
        ClientPassword.objects.update(session_names=changes)
        Policy.objects.update(networks_mark=mark)
        names.update(MailLogon.objects.values_list("login_name", flat=True))

    assert len(names) == len(states)


@given(
    address=ADDRESSES,
    key=st.integers(1, 10**18 - 1),
    changes=st.integers(0, 99),
    mark=st.integers(0, 2**28),
)
def test_whatever_comes_behind_the_key_belongs_to_the_same_password(
    address: str, key: int, changes: int, mark: int
) -> None:
    name = f"{address}~{key}"
    for number, before in ((changes, "."), (mark, ".0")):
        name += f"{before}{number}" if number else ""

    assert LoginName.parse(name) == LoginName(address, key)
    assert LoginName.parse(name).domain == address.partition("@")[2]
    assert LoginName.parse(build_mask(address, key)).address == address


@given(st.text(max_size=30))
def test_every_text_is_taken_apart(text: str) -> None:
    found = LoginName.parse(text)

    assert text.startswith(found.address)
    key = text.partition("~")[2].partition(".")[0]
    assert found.credential is None or found.credential == int(key)


@pytest.mark.parametrize(
    "text", ["a@b~", "a@b~*", "a@b~x", "a@b~\u0667", f"a@b~{'9' * 5000}"]
)
def test_what_is_no_key_is_of_no_password(text: str) -> None:
    assert LoginName.parse(text) == LoginName("a@b", None)


def test_nothing_else_takes_a_name_apart() -> None:
    taking_apart = re.compile(r"""(partition|split)\(["']~["']""")
    found = [
        str(file.relative_to(ROOT))
        for app in ("accounts", "administration", "api", "clientpasswords", "gateways")
        for file in (ROOT / app).rglob("*.py")
        if taking_apart.search(file.read_text())
    ]

    assert not found
