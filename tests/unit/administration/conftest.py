"""Two domains: one's own, and one that is no business of its administrators."""

import pytest

from tests.unit.administration.worlds import World, make_world


@pytest.fixture
def own(db: None) -> World:
    return make_world("ours")


@pytest.fixture
def foreign(db: None) -> World:
    return make_world("zzforeign")
