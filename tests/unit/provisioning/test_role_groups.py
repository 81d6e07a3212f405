"""The ready-made groups: `prepare` brings them to what the table of roles says."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from accounts.models import SecurityEvent
from provisioning import roles
from tests.factories import make_account

ROOT = Path(__file__).parents[3]
HELP_DESK = "Help desk"

pytestmark = pytest.mark.django_db


def held_by(name: str) -> set[str]:
    rows = Group.objects.get(name=name).permissions.select_related("content_type")
    return {f"{each.content_type.app_label}.{each.codename}" for each in rows}


def permission(codename: str) -> Permission:
    return Permission.objects.get(codename=codename)


def newest() -> SecurityEvent:
    return SecurityEvent.objects.latest("pk")


def test_preparing_makes_every_group_of_the_table() -> None:
    Group.objects.all().delete()

    call_command("prepare", verbosity=0)

    assert set(Group.objects.values_list("name", flat=True)) == set(roles.DESCRIPTIONS)
    for role in roles.GROUPS:
        assert held_by(role.name) == role.rights
    recorded = SecurityEvent.objects.filter(kind="record-created")
    assert {event.detail["group"] for event in recorded} == set(roles.DESCRIPTIONS)


def give_more(group: Group) -> None:
    group.permissions.add(permission("delete_account"))


def take_one(group: Group) -> None:
    group.permissions.remove(permission("unlock_codes"))


def take_all(group: Group) -> None:
    group.permissions.clear()


@pytest.mark.parametrize("change", [give_more, take_one, take_all])
def test_preparing_takes_back_what_somebody_changed_and_records_it(
    change: Callable[[Group], None],
) -> None:
    group = Group.objects.get(name=HELP_DESK)
    member = make_account("helper@firm.example", is_staff=True)
    member.groups.add(group)
    change(group)
    lost, missing = (
        held_by(HELP_DESK) - roles.HELP_RIGHTS,
        roles.HELP_RIGHTS - held_by(HELP_DESK),
    )

    call_command("prepare", verbosity=0)

    assert held_by(HELP_DESK) == roles.HELP_RIGHTS
    assert list(member.groups.all()) == [group]
    event = newest()
    assert (event.kind, event.detail["group"]) == ("record-changed", HELP_DESK)
    assert event.actor.startswith("prepare (")
    assert event.detail["changed"]["permissions"] == [
        ", ".join(sorted(lost)),
        ", ".join(sorted(missing)),
    ]


def test_preparing_again_changes_no_group_and_records_nothing() -> None:
    call_command("prepare", verbosity=0)
    before = SecurityEvent.objects.count()

    call_command("prepare", verbosity=0)

    assert roles.apply_groups() == []
    assert SecurityEvent.objects.count() == before


def test_a_right_that_a_release_adds_or_drops_reaches_the_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rights = roles.HELP_RIGHTS - {"accounts.view_phone"} | {"accounts.add_phone"}
    table = [
        replace(role, rights=rights) if role.name == HELP_DESK else role
        for role in roles.GROUPS
    ]
    monkeypatch.setattr(roles, "GROUPS", table)

    changes = roles.apply_groups()

    assert [group.name for group in changes] == [HELP_DESK]
    assert held_by(HELP_DESK) == rights


def test_groups_that_an_operator_made_stay_as_they_are() -> None:
    own = Group.objects.create(name="Ours")
    own.permissions.add(permission("view_account"), permission("delete_account"))
    renamed = Group.objects.get(name="Auditors")
    Group.objects.filter(pk=renamed.pk).update(name="Our auditors")
    renamed.permissions.add(permission("delete_domain"))

    call_command("prepare", verbosity=0)

    assert held_by("Ours") == {"accounts.view_account", "accounts.delete_account"}
    assert "accounts.delete_domain" in held_by("Our auditors")
    assert "accounts.delete_domain" not in held_by("Auditors")


def test_a_right_that_no_app_declares_stops_the_preparation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong = replace(roles.GROUPS[0], rights=frozenset({"accounts.view_acount"}))
    monkeypatch.setattr(roles, "GROUPS", [wrong])

    with pytest.raises(KeyError, match="view_acount"):
        roles.apply_groups()

    assert held_by(wrong.name) == roles.SITE_RIGHTS


@pytest.mark.parametrize("role", roles.GROUPS, ids=lambda role: role.name)
def test_the_manual_describes_every_role(role: roles.Role) -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()

    assert f"\n| *{role.name}* | {role.description} |\n" in manual


@pytest.mark.django_db(transaction=True)
def test_a_test_that_empties_all_tables_has_the_groups() -> None:
    """Twice, as the tables are emptied after it."""
    assert {role.name: held_by(role.name) for role in roles.GROUPS} == {
        role.name: role.rights for role in roles.GROUPS
    }


@pytest.mark.django_db(transaction=True)
def test_so_has_the_next() -> None:
    assert held_by(HELP_DESK) == roles.HELP_RIGHTS
