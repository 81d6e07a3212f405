"""A machine on which docs/operations.md was followed, step by step."""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.clients import Caller
from tests.install.container import Container
from tests.install.installed import DOMAIN, RELEASES, WEBMAIL, Host, install
from tests.install.owners import Owners, bring_in

ROOT = Path(__file__).resolve().parents[2]
# What is downloaded stays here, so that it is downloaded once.
CACHE = Path(os.environ.get("INSTALL_CACHE") or ROOT / "var" / "install").resolve()


@pytest.fixture(scope="session", params=RELEASES)
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """After *Install* up to the services, before the first administrator."""
    with Container(request.param, CACHE, f"mx.{DOMAIN}") as container:
        yield install(container, ROOT)


@pytest.fixture(scope="session")
def owners(host: Host) -> Owners:
    """The first administrator and two mailboxes."""
    return bring_in(host)


@pytest.fixture(scope="session")
def trust(host: Host) -> ssl.SSLContext:
    """Whoever trusts the authority of the container's certificate alone."""
    authority = host.container.run("cat /root/authority/ca.pem")
    return ssl.create_default_context(cadata=authority)


@pytest.fixture(scope="session")
def program(host: Host, trust: ssl.SSLContext) -> Caller:
    """A mail program somewhere in the world."""
    return Caller(host.container, trust, "198.51.100.7")


@pytest.fixture(scope="session")
def stranger(host: Host, trust: ssl.SSLContext) -> Caller:
    """Another one, elsewhere."""
    return Caller(host.container, trust, "198.51.100.8")


@pytest.fixture(scope="session")
def guesser(host: Host, trust: ssl.SSLContext) -> Caller:
    """One that is not let in any more after a while."""
    return Caller(host.container, trust, "198.51.100.9")


@pytest.fixture(scope="session")
def webmail(host: Host, trust: ssl.SSLContext) -> Caller:
    """The host's own webmail."""
    return Caller(host.container, trust, WEBMAIL)
