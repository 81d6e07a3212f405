"""Which arrows between rooms are drawn into docs/architecture.md."""

from graphlib import TopologicalSorter

import pytest

from tools.structure import APPS, needed, rooms_of


def test_an_arrow_that_follows_from_others_is_left_out() -> None:
    arrows = {"page": {"rules", "models"}, "rules": {"models"}, "models": set[str]()}

    assert set(needed(arrows)) == {("page", "rules"), ("rules", "models")}


def test_two_ways_of_one_length_are_both_drawn() -> None:
    arrows = {"page": {"mails", "codes"}, "mails": {"models"}, "codes": {"models"}}

    assert set(needed(arrows)) == {
        ("page", "mails"),
        ("page", "codes"),
        ("mails", "models"),
        ("codes", "models"),
    }


@pytest.mark.parametrize("app", APPS)
def test_the_rooms_of_an_app_are_in_no_circle(app: str) -> None:
    arrows = rooms_of(app)

    assert arrows
    TopologicalSorter(arrows).prepare()
