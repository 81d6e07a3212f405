"""A condition on many keys means the same as the list of them, and is shorter."""

from collections.abc import Collection

import pytest

from accounts.models import Account, Department
from accounts.policy import queries
from tests.factories import make_account, make_domain

pytestmark = pytest.mark.both_databases


@pytest.fixture
def departments(db: None) -> list[Department]:
    """Seven departments, each with a mailbox; another mailbox is in none."""
    domain = make_domain()
    made = [Department.objects.create(domain=domain, name=each) for each in "abcdefg"]
    for each in made:
        make_account(f"{each.name}@example.com", department=each)
    make_account("none@example.com")
    return made


@pytest.mark.parametrize(
    "chosen", ["", "a", "g", "abcdefg", "bcde", "abdefg", "aceg", "ag", "bf", "ab"]
)
def test_it_means_the_same_as_the_list(
    departments: list[Department], chosen: str
) -> None:
    keys = {each.pk for each in departments if each.name in chosen}

    found = Account.objects.filter(queries.is_one("department", keys))

    assert {each.address[0] for each in found} == set(chosen)
    listed = Account.objects.filter(department__in=keys)
    assert set(found) == set(listed)


@pytest.mark.parametrize("keys", [range(1, 2001), {*range(1, 2001)} - {7, 70, 700}])
def test_most_of_those_between_the_first_and_the_last_are_not_listed(
    keys: Collection[int],
) -> None:
    asked = Account.objects.filter(queries.is_one("domain", keys))

    assert "2000" in str(asked.query)
    assert "1234" not in str(asked.query)
