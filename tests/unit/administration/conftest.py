"""Two domains: one's own, and one that is no business of its administrators."""

import pytest
from django.test import Client

from tests.signedin import sign_in_verified
from tests.unit.administration.worlds import World, make_administrator, make_world


@pytest.fixture
def own(db: None) -> World:
    return make_world("ours")


@pytest.fixture
def foreign(db: None) -> World:
    return make_world("zzforeign")


@pytest.fixture
def auditor(own: World, foreign: World) -> Client:
    """The browser of an auditor of the domain that is one's own."""
    return sign_in_verified(make_administrator("auditor", own.domain))
