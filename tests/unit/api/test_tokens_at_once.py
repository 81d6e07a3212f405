"""Tokens that are made in the same moment, each on a database connection of its own."""

import pytest

from accounts.models import SecurityEvent
from provisioning import tokens
from provisioning.models import ApiToken
from tests.unit.api.conftest import make_token
from tests.unit.support import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def outcome_of_making(name: str) -> str:
    try:
        make_token(name)
    except tokens.Refused as refusal:
        return refusal.field
    return "made"


def test_of_one_name_one_token_is_made() -> None:
    outcomes = at_once(8, lambda _n: outcome_of_making("sync"))

    assert sorted(outcomes) == ["made", *["name"] * 7]
    assert ApiToken.objects.count() == 1
    assert SecurityEvent.objects.filter(kind="record-created").count() == 1
