"""The relay, with Postfix and Dovecot played by the test."""

from collections.abc import Iterator

import pytest

from tests.unit.deploy.playedrelay import Played, playing


@pytest.fixture
def played() -> Iterator[Played]:
    with playing() as played:
        yield played
