"""Which arrows between rooms are drawn into docs/architecture.md."""

from graphlib import TopologicalSorter

import pytest

from tools.structure import APPS, drop_implied_arrows, find_rooms


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    arrows = {"page": {"rules", "models"}, "rules": {"models"}, "models": set[str]()}

    assert set(drop_implied_arrows(arrows)) == {("page", "rules"), ("rules", "models")}


def test_two_ways_of_one_length_are_both_drawn() -> None:
    arrows = {"page": {"mails", "codes"}, "mails": {"models"}, "codes": {"models"}}

    assert set(drop_implied_arrows(arrows)) == {
        ("page", "mails"),
        ("page", "codes"),
        ("mails", "models"),
        ("codes", "models"),
    }


@pytest.mark.parametrize("app", APPS)
def test_the_rooms_of_an_app_are_in_no_circle(app: str) -> None:
    arrows = find_rooms(app)

    assert arrows
    TopologicalSorter(arrows).prepare()
