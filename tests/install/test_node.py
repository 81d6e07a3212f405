"""A node's doveadm that the portal reaches over the network, and so over TLS."""

from collections.abc import Iterator

import pytest

from tests.install import manual
from tests.install.clients import Caller
from tests.install.container import ADDRESS
from tests.install.installed import DOMAIN, Host, configuration
from tests.install.owners import (
    ALICE,
    ISSUE,
    NODE,
    SWITCH_ON,
    Owners,
    assert_deleting_ends,
)

pytestmark = [pytest.mark.install, pytest.mark.timeout(3600)]

ELSEWHERE = f"https://imap.{DOMAIN}:8080/doveadm/v1"
LAST = '    --webmail-network "$WEBMAIL"\n'


def told(host: Host, before: str, after: str) -> None:
    """Have the portal tell this node instead of that one."""
    host.container.run(
        f"sed -i s,{before},{after}, /etc/mailportal/environment\n"
        "systemctl restart mailportal mailportal-cutoffs"
    )


@pytest.fixture
def node(host: Host) -> Iterator[str]:
    """Return the URL of the doveadm, which listens beyond loopback."""
    text = manual.section("Install")
    for word in ("https://NODE:8080/doveadm/v1", "--doveadm-address"):
        assert f"`{word}`" in text
    # What a public authority and the DNS do for others.
    host.container.run(
        f"echo {ADDRESS} imap.{DOMAIN} >> /etc/hosts\n"
        "known=$(/opt/mailportal/.venv/bin/python -m certifi)\n"
        "cat /root/authority/ca.pem >> $known"
    )
    host.follow(
        configuration().replace(LAST, f"{LAST[:-1]} --doveadm-address {ADDRESS}\n")
    )
    told(host, NODE, ELSEWHERE)
    yield ELSEWHERE
    host.follow(configuration())
    told(host, ELSEWHERE, NODE)


def test_deleting_ends_sessions_on_a_node_that_is_told_over_tls(
    node: str, owners: Owners, host: Host, stranger: Caller
) -> None:
    host.python(SWITCH_ON)
    owners.secret = host.python(ISSUE)

    assert_deleting_ends(stranger.imaps(ALICE, owners.secret), host, node)

    listening = host.container.run("ss --listening --tcp --numeric --no-header")
    assert f"{ADDRESS}:8080" in listening
    assert "127.0.0.1:8080" not in listening
